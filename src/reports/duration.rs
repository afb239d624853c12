//! Durations as report files write them, in nanoseconds.

/// A duration in seconds, as attributes hold it, in nanoseconds. Anything that is none is 0.
pub(super) fn seconds(text: &str) -> u64 {
    let text = text.trim_ascii();
    if let Some(nanos) = decimal(text) {
        return nanos;
    }
    // Some tools write 1.5E-4, and some, in their users' languages, 1,234.5 or 0,5.
    let value: Result<f64, _> = if text.contains('.') {
        text.replace(',', "").parse()
    } else {
        text.replace(',', ".").parse()
    };
    nanos(value.unwrap_or(0.0) * 1e9)
}

/// Plain digits with at most nine after the point: exact, and half the time of a million cases' floating point.
fn decimal(text: &str) -> Option<u64> {
    let (mut value, mut places) = (0_u64, None);
    for byte in text.bytes() {
        match byte {
            b'0'..=b'9' => {
                value = value.checked_mul(10)?.checked_add(u64::from(byte - b'0'))?;
                places = places.map(|places: u32| places + 1);
            }
            b'.' if places.is_none() => places = Some(0),
            _ => return None,
        }
    }
    value.checked_mul(10_u64.pow(9_u32.checked_sub(places.unwrap_or(0))?))
}

/// A number of nanoseconds; negative ones and those that are no number are 0.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`as` saturates, and turns NaN and negative values into 0"
)]
pub(super) fn nanos(value: f64) -> u64 {
    value.round() as u64
}

#[cfg(test)]
mod tests {
    use super::seconds;

    #[test]
    fn durations() {
        for (text, nanos) in [
            ("0.001", 1_000_000),
            (" 12 ", 12_000_000_000),
            ("1.", 1_000_000_000),
            ("1.5E-4", 150_000),
            ("1,234.5", 1_234_500_000_000),
            ("0,5", 500_000_000),
            ("0.12345678949", 123_456_789),
            ("99999999999999", u64::MAX),
            ("-1", 0),
            ("NaN", 0),
            ("", 0),
            ("soon", 0),
        ] {
            assert_eq!(seconds(text), nanos, "{text}");
        }
    }
}
