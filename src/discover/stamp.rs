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

/// Reads ISO 8601 dates and moments, and gives the microseconds since 1970 with them, in UTC where they have an offset.
pub fn stamp(text: &str) -> Option<(Stamp, i64)> {
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
    let days = days(digits(0..4)?, digits(5..7)?, digits(8..10)?);
    if bytes.len() == 10 {
        return Some((Stamp::Date, days * DAY));
    }
    if !(separator(10, b" T") && digits(11..13)? < 24 && separator(13, b":") && digits(14..16)? < 60) {
        return None;
    }
    let mut seconds = i64::from(digits(11..13)? * 60 + digits(14..16)?) * 60;
    let mut micros = 0;
    let mut rest = bytes.get(16..)?;
    if rest.first() == Some(&b':') {
        if digits(17..19)? >= 61 {
            return None;
        }
        seconds += i64::from(digits(17..19)?);
        rest = bytes.get(19..)?;
    }
    if rest.first() == Some(&b'.') {
        let fraction = rest[1..].iter().take_while(|b| b.is_ascii_digit()).count();
        if fraction == 0 {
            return None;
        }
        let digit = |at: usize| rest.get(1 + at).filter(|_| at < fraction).map_or(0, |b| i64::from(b - b'0'));
        micros = (0..6).fold(0, |n, at| n * 10 + digit(at));
        rest = &rest[1 + fraction..];
    }
    let at = days * DAY + seconds * SECOND + micros;
    match rest {
        [] => Some((Stamp::Moment, at)),
        [b'Z' | b'z'] => Some((Stamp::Zoned, at)),
        [sign @ (b'+' | b'-'), offset @ ..] if (2..=5).contains(&offset.len()) => {
            if !offset.iter().all(|b| b.is_ascii_digit() || *b == b':') {
                return None;
            }
            let digits: Vec<i64> = offset.iter().filter(|b| **b != b':').map(|b| i64::from(b - b'0')).collect();
            let pair = |i: usize| digits.get(i).unwrap_or(&0) * 10 + digits.get(i + 1).unwrap_or(&0);
            let ahead = (pair(0) * 60 + pair(2)) * 60 * SECOND;
            Some((Stamp::Zoned, if *sign == b'+' { at - ahead } else { at + ahead }))
        }
        _ => None,
    }
}

const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;

/// Days since 1970-01-01 in the Gregorian calendar (`days_from_civil` of Hinnant's "chrono-compatible low-level date
/// algorithms").
fn days(year: u32, month: u32, day: u32) -> i64 {
    let year = i64::from(year) - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((i64::from(month) + 9) % 12) + 2) / 5 + i64::from(day) - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
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
            assert_eq!(stamp(text).map(|(s, _)| s), want, "{text}");
        }
    }

    #[test]
    fn moments_are_counted_from_1970() {
        for (text, want) in [
            ("1970-01-01", 0),
            ("1969-12-31", -DAY),
            ("2000-03-01", 11_017 * DAY),
            ("2026-03-31T06:00:00.5", 1_774_936_800 * SECOND + 500_000),
            ("2026-03-31T06:00:00.1234567Z", 1_774_936_800 * SECOND + 123_456),
            ("2026-03-31 06:00+02:00", (1_774_936_800 - 7200) * SECOND),
            ("2026-03-31 06:00:00-0330", (1_774_936_800 + 12_600) * SECOND),
        ] {
            assert_eq!(stamp(text).map(|(_, at)| at), Some(want), "{text}");
        }
    }
}
