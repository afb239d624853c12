use super::human::render;
use super::*;

fn golden() -> Vec<(String, String)> {
    let cases = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/builds");
    let mut logs: Vec<_> = std::fs::read_dir(cases)
        .unwrap()
        .filter_map(|case| {
            let case = case.unwrap();
            let log = std::fs::read_to_string(case.path().join("expected.log")).ok()?;
            Some((case.file_name().to_string_lossy().into_owned(), log))
        })
        .collect();
    logs.sort();
    assert!(logs.len() > 80, "the golden logs are there");
    logs
}

#[test]
fn a_log_is_like_itself() {
    for (name, log) in golden() {
        let comparison = compare(&log, &log);
        assert!(comparison.same, "{name}\n{}", render(&comparison));
    }
}

/// One character changed, taken away or put in, anywhere in any golden log, is found.
#[test]
fn finds_a_change_of_one_character() {
    // Every character of every log takes a quarter of an hour; each log has its own places.
    const STEP: usize = 83;
    let mut tried = 0;
    for (case, (name, log)) in golden().into_iter().enumerate() {
        let places: Vec<_> = log.char_indices().collect();
        for (at, letter) in places.iter().skip(case % STEP).step_by(STEP) {
            let (before, after) = (&log[..*at], &log[at + letter.len_utf8()..]);
            let other = if *letter == 'x' { 'y' } else { 'x' };
            for changed in [
                format!("{before}{other}{after}"),
                format!("{before}{after}"),
                format!("{before}{letter}{other}{after}"),
            ] {
                assert!(
                    !compare(&log, &changed).same,
                    "{name}: not found at byte {at}: {letter:?} in {:?}",
                    &log[before.rfind('\n').map_or(0, |at| at + 1)
                        ..*at + after.find('\n').unwrap_or(0)]
                );
                tried += 1;
            }
        }
    }
    assert!(tried > 4_000, "{tried}");
}

const RECORDED: &str = "\
[Container] 2025/06/28 13:10:54.298429 CODEBUILD_SRC_DIR=/codebuild/output/src2259161606/src/github.com/me/it
[Container] 2025/06/28 13:10:54.299011 YAML location is /codebuild/output/src2259161606/src/github.com/me/it/buildspec.yml
[Container] 2025/06/28 13:10:57.204297  INSTALL: 11 commands
[Container] 2025/06/28 13:10:57.204303  BUILD: 2 commands
[Container] 2025/06/28 13:10:57.204577 Phase complete: DOWNLOAD_SOURCE State: SUCCEEDED
[Container] 2025/06/28 13:10:57.204587 Phase context status code:  Message: 
[Container] 2025/06/28 13:10:57.381042 Entering phase BUILD
[Container] 2025/06/28 13:10:57.508655 Running command make
built in /codebuild/output/src2259161606/src/github.com/me/it in 11s

[Container] 2025/06/28 13:11:08.508655 Running command make test
3 passed

[Container] 2025/06/28 13:11:08.608655 Phase complete: BUILD State: SUCCEEDED
[Container] 2025/06/28 13:11:08.608655 Phase context status code:  Message: 
[Container] 2025/06/28 13:11:08.708655 Set report auto-discover timeout to 5 seconds
[Container] 2025/06/28 13:11:08.808655 Phase complete: UPLOAD_ARTIFACTS State: SUCCEEDED
[Container] 2025/06/28 13:11:08.808655 Phase context status code:  Message: 
";

const HERE: &str = "\
[Container] 2026/11/20 10:00:00.000000 CODEBUILD_SRC_DIR=/codebuild/output/src000000012/src
[Container] 2026/11/20 10:00:00.000000 YAML location is /codebuild/output/src000000012/src/buildspec.yml
[Container] 2026/11/20 10:00:00.000000  BUILD: 2 commands
[Container] 2026/11/20 10:00:00.000000  INSTALL: 11 commands
[Container] 2026/11/20 10:00:00.000000 Phase complete: DOWNLOAD_SOURCE State: SUCCEEDED
[Container] 2026/11/20 10:00:00.000000 Phase context status code:  Message: 
[Container] 2026/11/20 10:00:00.000000 Entering phase BUILD
[Container] 2026/11/20 10:00:00.000000 Running command make
built in /codebuild/output/src000000012/src in 2 s

[Container] 2026/11/20 10:00:02.500000 Running command make test
/codebuild/output/tmp/script.sh: 4: pytest: not found

[Container] 2026/11/20 10:00:02.600000 Command did not exit successfully make test exit status 127
[Container] 2026/11/20 10:00:02.600000 Phase complete: BUILD State: FAILED
[Container] 2026/11/20 10:00:02.600000 Phase context status code: COMMAND_EXECUTION_ERROR Message: Error while executing command: make test. Reason: exit status 127
[Container] 2026/11/20 10:00:02.700000 Phase complete: UPLOAD_ARTIFACTS State: SUCCEEDED
[Container] 2026/11/20 10:00:02.700000 Phase context status code:  Message: 
";

#[test]
fn tells_what_differs_and_nothing_else() {
    let comparison = compare(RECORDED, HERE);
    assert!(!comparison.same);
    assert!(comparison.phases[0].same, "{}", render(&comparison));
    let build = comparison.first_turn().unwrap();
    assert_eq!(build.phase, "BUILD");
    assert!(build.commands[0].same);
    let test = &build.commands[1];
    assert_eq!(test.here.as_ref().unwrap().exit, "exit status 127");
    assert_eq!(test.recorded.as_ref().unwrap().exit, "");
    let took = comparison.phases[1].commands[0].recorded.as_ref().unwrap();
    assert_eq!(took.seconds, Some(11.0));
    insta::assert_snapshot!(render(&comparison), @r"
    DOWNLOAD_SOURCE   SUCCEEDED, alike (2.9 s recorded, 0.0 s here)
    BUILD             SUCCEEDED recorded, FAILED here
      command 2: make test
        succeeded recorded, exit status 127 here
        - 3 passed
        + /codebuild/output/tmp/script.sh: 4: pytest: not found
    UPLOAD_ARTIFACTS  SUCCEEDED, differs (0.1 s recorded, 0.0 s here)
      - Set report auto-discover timeout to 5 seconds   (CodeBuild looks for reports since 2024)
    - is in the recorded log, + in the one from here.
    ");
    let json = serde_json::to_value(&comparison).unwrap();
    assert_eq!(json["phases"][1]["here"]["state"], "FAILED");
    assert_eq!(
        json["phases"][1]["commands"][1]["output"][0]["recorded"],
        "3 passed"
    );
}

#[test]
fn commands_that_one_log_lacks_are_named() {
    let without = HERE.replace("[Container] 2026/11/20 10:00:00.000000 Running command make\nbuilt in /codebuild/output/src000000012/src in 2 s\n\n", "");
    let comparison = compare(RECORDED, &without);
    let commands = &comparison.phases[1].commands;
    assert!(commands[0].here.is_none() && commands[1].here.is_some());
    assert_eq!(commands[1].here.as_ref().unwrap().number, 1);
}

#[test]
fn a_log_that_breaks_off_or_is_none_is_no_reason_to_fail() {
    let cut = &RECORDED[..RECORDED.find("3 passed").unwrap()];
    let comparison = compare(RECORDED, cut);
    assert_eq!(comparison.phases[1].here.as_ref().unwrap().state, "");
    assert!(comparison.phases[2].here.is_none());
    assert!(!compare(RECORDED, "").same);
    assert!(compare("", "").same);
    assert!(!compare("hello\n", "hallo\n").same);
}

#[test]
fn reads_the_log_of_awss_own_agent_and_of_the_cli() {
    let composed: String = HERE
        .lines()
        .map(|line| format!("agent_1  | {}\n", line.replace(".000000", "")))
        .collect();
    let comparison = compare(HERE, &composed);
    assert!(comparison.same, "{}", render(&comparison));
    let tailed: String = HERE
        .lines()
        .map(|line| {
            format!("2026-11-20T10:00:00.1+00:00 7809ef2a-8888-4934-b09e-d095d865e4f7 {line}\n")
        })
        .collect();
    let comparison = compare(HERE, &tailed);
    assert!(comparison.same, "{}", render(&comparison));
}

#[test]
fn a_million_lines_take_no_square() {
    let lines = |word: &str| -> String {
        (0..200_000)
            .map(|line| format!("{word} {line}\n"))
            .collect()
    };
    let log = |word: &str| format!("[Container] <TS> Running command x\n{}", lines(word));
    let comparison = compare(&log("a"), &log("b"));
    assert_eq!(comparison.phases[0].commands[0].output.len(), 200_000);
    assert!(render(&comparison).contains("and 199980 more"));
}

proptest::proptest! {
    #[test]
    fn any_text_is_read(a in "(\\[Container\\] <TS> |Entering phase |Running command |Phase complete: BUILD State: FAILED|[a-z\n]){0,40}", b in ".{0,80}") {
        compare(&a, &b);
        proptest::prop_assert!(compare(&a, &a).same);
    }
}
