//! Five cron fields, as Airflow reads them.

const FIELDS: [(&str, u32, u32, &[&str]); 5] = [
    ("minute", 0, 59, &[]),
    ("hour", 0, 23, &[]),
    ("day of month", 1, 31, &[]),
    ("month", 1, 12, &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]),
    ("day of week", 0, 7, &["sun", "mon", "tue", "wed", "thu", "fri", "sat"]),
];

/// Whether `text` is five cron fields.
///
/// # Errors
/// What is wrong, in words.
pub fn cron(text: &str) -> Result<(), String> {
    let fields: Vec<&str> = text.split_whitespace().collect();
    if fields.len() != FIELDS.len() {
        return Err(format!(
            "{} fields where five are due: minute, hour, day of month, month, day of week",
            fields.len()
        ));
    }
    fields.iter().zip(FIELDS).try_for_each(|(field, (name, low, high, words))| {
        field.split(',').try_for_each(|part| {
            one(part, low, high, words)
                .ok_or_else(|| format!("`{}` is no {name} ({low} to {high})", part.escape_debug()))
        })
    })
}

fn one(part: &str, low: u32, high: u32, words: &[&str]) -> Option<()> {
    let (range, step) = part.split_once('/').map_or((part, None), |(r, s)| (r, Some(s)));
    if let Some(step) = step {
        let step: u32 = step.parse().ok()?;
        (1..=high.max(1)).contains(&step).then_some(())?;
    }
    if range == "*" {
        return Some(());
    }
    // The last day of the month.
    if range.eq_ignore_ascii_case("l") && step.is_none() && (low, high) == (1, 31) {
        return Some(());
    }
    let number = |text: &str| {
        let lower = text.to_ascii_lowercase();
        let named = words.iter().position(|w| *w == lower).and_then(|i| u32::try_from(i).ok()).map(|i| i + low);
        named
            .or_else(|| text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok())?)
            .filter(|n| (low..=high).contains(n))
    };
    match range.split_once('-') {
        Some((from, to)) => (number(from)? <= number(to)?).then_some(()),
        None => number(range).map(|_| ()),
    }
}

#[cfg(test)]
mod tests {
    use super::cron;

    #[test]
    fn cron_fields_are_checked() {
        for good in ["0 6 * * *", "30 6 * * 1-5", "*/15 0-6,18-23 1,15 jan-mar MON", "0 0 1 1 7", "0 22 L * *"] {
            assert_eq!(cron(good), Ok(()), "{good}");
        }
        for bad in [
            "",
            "0 6 * *",
            "60 6 * * *",
            "0 24 * * *",
            "0 6 0 * *",
            "0 6 * 13 *",
            "0 6 * * 8",
            "5-1 * * * *",
            "*/0 * * * *",
            "a * * * *",
            "L * * * *",
            "+1 * * * *",
            "@daily",
            "0 6 * * * *",
        ] {
            assert!(cron(bad).is_err(), "{bad}");
        }
    }
}
