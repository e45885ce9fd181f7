//! Whether text is a date or a moment as databases write them.

/// What a text looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stamp {
    /// `2026-03-31`.
    Date,
    /// `2026-03-31 06:00:00`, with or without a fraction.
    Moment,
    /// As a moment, with `Z` or an offset.
    Zoned,
}

/// Reads ISO 8601 dates and moments.
pub fn stamp(text: &str) -> Option<Stamp> {
    let bytes = text.trim().as_bytes();
    let digits = |range: std::ops::Range<usize>| -> Option<u32> {
        let part = bytes.get(range)?;
        part.iter().all(u8::is_ascii_digit).then(|| part.iter().fold(0, |n, b| n * 10 + u32::from(b - b'0')))
    };
    let separator = |at: usize, allowed: &[u8]| bytes.get(at).is_some_and(|b| allowed.contains(b));
    let date = digits(0..4).is_some()
        && separator(4, b"-")
        && (1..=12).contains(&digits(5..7)?)
        && separator(7, b"-")
        && (1..=31).contains(&digits(8..10)?);
    if !date {
        return None;
    }
    if bytes.len() == 10 {
        return Some(Stamp::Date);
    }
    if !(separator(10, b" T") && digits(11..13)? < 24 && separator(13, b":") && digits(14..16)? < 60) {
        return None;
    }
    let mut rest = bytes.get(16..)?;
    if rest.first() == Some(&b':') {
        if digits(17..19)? >= 61 {
            return None;
        }
        rest = bytes.get(19..)?;
    }
    if rest.first() == Some(&b'.') {
        let fraction = rest[1..].iter().take_while(|b| b.is_ascii_digit()).count();
        if fraction == 0 {
            return None;
        }
        rest = &rest[1 + fraction..];
    }
    match rest {
        [] => Some(Stamp::Moment),
        [b'Z' | b'z'] => Some(Stamp::Zoned),
        [b'+' | b'-', offset @ ..] if (2..=5).contains(&offset.len()) => {
            offset.iter().all(|b| b.is_ascii_digit() || *b == b':').then_some(Stamp::Zoned)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_are_told_from_other_text() {
        for (text, want) in [
            ("2026-03-31", Some(Stamp::Date)),
            ("2026-03-31 06:00:00", Some(Stamp::Moment)),
            ("2026-03-31T06:00", Some(Stamp::Moment)),
            ("2026-03-31T06:00:00.123456", Some(Stamp::Moment)),
            ("2026-03-31T06:00:00Z", Some(Stamp::Zoned)),
            ("2026-03-31 06:00:00.1+02:00", Some(Stamp::Zoned)),
            ("2026-13-31", None),
            ("2026-3-31", None),
            ("31.03.2026", None),
            ("2026-03-31 06", None),
            ("2026-03-31 06:00:00.", None),
            ("2026-03-31x", None),
            ("ö", None),
            ("", None),
        ] {
            assert_eq!(stamp(text), want, "{text}");
        }
    }
}
