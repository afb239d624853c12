//! What the fuzzer has kept: every input through the reader, every rule, `--fix` and every format.
//!
//! `BUILDSPEC_TEST_FUZZ=SECONDS` changes them at random for so long besides; `.ci/test.sh` says a minute.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use super::tests::options;
use super::*;
use crate::yaml::{judge, map};

fn inputs() -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus-kept");
    let mut inputs: Vec<(String, Vec<u8>)> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.display().to_string(), fs::read(path).unwrap()))
        .collect();
    inputs.sort();
    assert!(inputs.len() > 100, "{}", folder.display());
    inputs
}

/// As the target of the fuzzer does it: no crash, no error, text that can be read.
fn check_all(bytes: &[u8]) {
    let all = [
        (Format::Human, Fix::No),
        (Format::Json, Fix::No),
        (Format::Sarif, Fix::No),
        (Format::GitHub, Fix::No),
        (Format::JUnit, Fix::No),
        (Format::Human, Fix::Show),
    ];
    for (format, fix) in all {
        let options = Options {
            format,
            fix,
            ..options()
        };
        let mut output = Vec::new();
        validate(&["-".into()], &mut &bytes[..], &options, &mut output).unwrap();
        let text = String::from_utf8(output).unwrap();
        if matches!(format, Format::Json | Format::Sarif) {
            serde_json::from_str::<serde_json::Value>(&text).unwrap();
        }
    }
}

#[test]
fn every_kept_input_is_taken() {
    for (_, bytes) in inputs() {
        check_all(&bytes);
    }
}

/// Cut off at many places and with one byte changed: what is half typed must not crash.
#[test]
fn what_is_left_of_every_kept_input_is_taken() {
    let places = |bytes: &[u8]| (1..bytes.len()).step_by(bytes.len() / 10 + 1);
    for (_, bytes) in inputs() {
        for cut in places(&bytes) {
            let mut changed = bytes.clone();
            changed[cut] = b"[*:-'\"\n\t#&"[cut % 10];
            for input in [&bytes[..cut], &changed] {
                let mut output = Vec::new();
                validate(&["-".into()], &mut &input[..], &options(), &mut output).unwrap();
                assert!(!output.is_empty());
            }
        }
    }
}

/// What buildspecs and the files around them are made of.
const WORDS: &[&str] = &[
    "version: 0.2\n",
    "phases:\n",
    "  build:\n",
    "    commands:\n",
    "      - ",
    "- |\n",
    ": ",
    "\n",
    "\r\n",
    "\t",
    "'",
    "\"",
    "[",
    "]",
    "{",
    "}",
    "*a",
    "&a ",
    "<<: ",
    "#",
    "!Sub ",
    "**/*",
    "$(",
    "${A:-",
    "`",
    "<<E\n",
    "E\n",
    "if [[ ",
    "; then ",
    "fi",
    "case x in ",
    "esac",
    "on-failure: RETRY-2-(",
    "runtime-versions:\n",
    "nodejs: 3.10\n",
    "artifacts:\n",
    "files:\n",
    "secrets-manager:\n",
    "batch:\n",
    "build-graph:\n",
    "depend-on: [a]\n",
    "identifier: a\n",
    "# buildspec: ignore[command]",
    "BuildSpec: |\n",
    "Fn::Join: ['', [",
    "\u{feff}",
    "\u{e9}",
    "\0",
    "~",
    "---\n",
    "...\n",
    "? ",
    "|2-\n",
    ">+\n",
    "  ",
    "\n  ",
    "- - ",
    "-",
    "%",
    "\\",
    "\n\n",
    "\u{2014}",
];

struct Dice(u64);

impl Dice {
    /// Below `most`, by `SplitMix64`.
    fn roll(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut number = self.0;
        number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((number ^ (number >> 31)) % most.max(1) as u64).unwrap()
    }

    fn range(&mut self, length: usize) -> std::ops::Range<usize> {
        let start = self.roll(length + 1);
        start..start + self.roll((length - start).min(80) + 1)
    }
}

/// A few changes, one after the other.
fn change(bytes: &[u8], other: &[u8], dice: &mut Dice) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..=dice.roll(4) {
        let at = dice.roll(bytes.len() + 1);
        match dice.roll(5) {
            0 => {
                let word = WORDS[dice.roll(WORDS.len())];
                bytes.splice(at..at, word.bytes());
            }
            1 => {
                let gone = dice.range(bytes.len());
                bytes.drain(gone);
            }
            2 => {
                let again = bytes[dice.range(bytes.len())].to_vec();
                bytes.splice(at..at, again);
            }
            3 => {
                let foreign = other[dice.range(other.len())].to_vec();
                bytes.splice(at..at, foreign);
            }
            _ => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = u8::try_from(dice.roll(256)).unwrap();
                }
            }
        }
    }
    bytes
}

/// How long inputs are changed at random.
#[expect(clippy::disallowed_methods, reason = "nobody but these tests is told")]
fn seconds() -> u64 {
    let seconds = std::env::var_os("BUILDSPEC_TEST_FUZZ").unwrap_or_default();
    let seconds = seconds.to_str().and_then(|text| text.parse().ok());
    seconds.unwrap_or(1)
}

/// Buildspecs as people write them, for a start.
fn buildspecs() -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    for folder in ["fixtures/buildspecs/ok", "fixtures/buildspecs/err"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        let mut paths: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "yml"))
            .collect();
        paths.sort();
        found.extend(paths.into_iter().map(|path| fs::read(path).unwrap()));
    }
    found
}

#[test]
fn what_is_plain_is_read_as_parser_and_judge_read_it() {
    let inputs = buildspecs();
    let seed = 20_261_127;
    let mut dice = Dice(seed);
    let start = Instant::now();
    let (mut count, mut plain, mut refused) = (0, 0, 0);
    while start.elapsed() < Duration::from_secs(seconds()) {
        let bytes = &inputs[dice.roll(inputs.len())];
        let other = &inputs[dice.roll(inputs.len())];
        let changed = change(bytes, other, &mut dice);
        let Ok(text) = std::str::from_utf8(&changed) else {
            continue;
        };
        count += 1;
        let answer = judge::judge(text.as_bytes());
        refused += usize::from(answer.is_err());
        if let Some(tree) = map::plain(text) {
            plain += 1;
            assert_eq!(answer, Ok(()), "{text}");
            assert_eq!(tree, map::any(text), "{text}");
        }
    }
    eprintln!("seed {seed}: {count} texts, {plain} of them plain, {refused} refused");
    assert!(
        plain > count / 10 && refused > count / 10,
        "{plain} {refused} {count}"
    );
}

#[test]
fn kept_inputs_are_taken_with_changes() {
    let seconds = seconds();
    let inputs = inputs();
    let seed = 20_261_126;
    let mut dice = Dice(seed);
    let start = Instant::now();
    let mut count = 0;
    while start.elapsed() < Duration::from_secs(seconds) {
        let (name, bytes) = &inputs[dice.roll(inputs.len())];
        let (_, other) = &inputs[dice.roll(inputs.len())];
        let changed = change(bytes, other, &mut dice);
        let taken = std::panic::catch_unwind(|| check_all(&changed));
        assert!(
            taken.is_ok(),
            "seed {seed}, input {count}, from {name}: {:?}",
            String::from_utf8_lossy(&changed)
        );
        count += 1;
    }
    eprintln!("seed {seed}: {count} changed inputs in {seconds} s");
}
