//! Any bytes, through the reader, every rule, the search for buildspecs inside, `--fix` and every format.
//!
//! `cargo +nightly fuzz run validate fuzz/corpus-new fuzz/corpus-kept fixtures/buildspecs/ok fixtures/buildspecs/err`

#![no_main]

use buildspec::lint;
use buildspec::shellcheck::Shellcheck;
use buildspec::validate::selection::Selection;
use buildspec::validate::{Fix, Format, Options, catalogue, validate};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let rules = catalogue::rules();
    let Ok(selection) = Selection::new(&[], &[], rules) else {
        return;
    };
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
            styled: false,
            width: 80,
            fail_on: None,
            selection: selection.clone(),
            lint: lint::Options::default(),
            shellcheck: Shellcheck::Never,
            fix,
        };
        let mut output = Vec::new();
        let result = validate(&["-".into()], &mut &bytes[..], &options, &mut output);
        assert!(result.is_ok());
        assert!(std::str::from_utf8(&output).is_ok());
    }
});
