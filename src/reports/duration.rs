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
    // So few digits overflow nothing.
    if text.len() > 18 {
        return None;
    }
    let (mut value, mut digits, mut point) = (0_u64, 0_usize, None);
    for byte in text.bytes() {
        let digit = byte.wrapping_sub(b'0');
        if digit < 10 {
            value = value * 10 + u64::from(digit);
            digits += 1;
        } else if byte == b'.' && point.is_none() {
            point = Some(digits);
        } else {
            return None;
        }
    }
    let places = point.map_or(0, |point| digits - point);
    value.checked_mul(*SCALE.get(places)?)
}

/// What a number with so many digits after the point lacks to nanoseconds.
const SCALE: [u64; 10] = [
    1_000_000_000,
    100_000_000,
    10_000_000,
    1_000_000,
    100_000,
    10_000,
    1_000,
    100,
    10,
    1,
];

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
