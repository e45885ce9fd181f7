//! When a cron expression runs.

/// Runs of a day, in minutes since midnight, and the days that it runs on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cron {
    /// Minutes since midnight, in order.
    pub minutes: Vec<u32>,
    /// Whether it runs every day.
    pub daily: bool,
    /// The days of the week that it runs on, from Sunday as 0; none where it goes by days of the month.
    pub weekdays: Option<Vec<u32>>,
}

const PRESETS: &[(&str, &str)] = &[
    ("@hourly", "0 * * * *"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@weekly", "0 0 * * 0"),
    ("@monthly", "0 0 1 * *"),
    ("@quarterly", "0 0 1 */3 *"),
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
];

/// Field, lowest, highest.
const FIELDS: [(&str, u32, u32); 5] =
    [("minute", 0, 59), ("hour", 0, 23), ("day of the month", 1, 31), ("month", 1, 12), ("day of the week", 0, 7)];

/// Whether a text is a schedule that Airflow takes; what only some versions of it read is let through.
///
/// # Errors
/// What is wrong, in words.
pub fn known(text: &str) -> Result<(), String> {
    let text = text.trim();
    if text.starts_with('@') {
        let other = matches!(text, "@once" | "@continuous" | "@reboot");
        let preset = other || PRESETS.iter().any(|(name, _)| *name == text);
        return if preset { Ok(()) } else { Err("that is none of Airflow's names for schedules".to_owned()) };
    }
    let fields: Vec<&str> = text.split_whitespace().collect();
    if !matches!(fields.len(), 5..=7) {
        return Err(format!("{} fields where five are due", fields.len()));
    }
    if fields.len() > 5 {
        return Ok(());
    }
    for (field, (name, low, high)) in fields.iter().zip(FIELDS) {
        for part in field.split(',') {
            if let Some(word) = part.split(|c: char| !c.is_ascii_alphabetic()).find(|w| !is_name(w, name)) {
                return Err(format!("`{word}` is no {name}"));
            }
            let (range, step) = part.split_once('/').map_or((part, None), |(range, step)| (range, Some(step)));
            let numbers =
                range.split('-').chain(step).filter(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()));
            for (i, number) in numbers.enumerate() {
                let n: u32 = number.parse().unwrap_or(u32::MAX);
                let is_step = step.is_some_and(|s| s == number) && i > 0 || range == "*";
                if (!is_step && !(low..=high).contains(&n)) || (is_step && n == 0) {
                    return Err(format!("`{part}` is no {name} ({low} to {high})"));
                }
            }
            if part.is_empty() || part.chars().any(|c| !(c.is_ascii_alphanumeric() || "*/-#?".contains(c))) {
                return Err(format!("`{part}` is no {name}"));
            }
        }
    }
    Ok(())
}

const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// Whether a word may stand in a field: names of months and days are of three letters, what is shorter has meanings of
/// its own (`L`, `W`, `H`).
fn is_name(word: &str, field: &str) -> bool {
    let names: &[&str] = match field {
        "month" => &MONTHS,
        "day of the week" => &DAYS,
        _ => &[],
    };
    word.len() < 3 || names.iter().any(|name| word.eq_ignore_ascii_case(name))
}

/// When a schedule runs; none where that is not five plain fields.
pub fn read(text: &str) -> Option<Cron> {
    let text = text.trim();
    let text = PRESETS.iter().find(|(name, _)| *name == text).map_or(text, |(_, cron)| cron);
    let fields: Vec<&str> = text.split_whitespace().collect();
    let [minute, hour, day, month, weekday] = fields.as_slice() else { return None };
    let minutes = values(minute, 0, 59)?;
    let hours = values(hour, 0, 23)?;
    let minutes = hours.iter().flat_map(|h| minutes.iter().map(move |m| h * 60 + m)).collect();
    let by_week = *day == "*" && *month == "*";
    let weekdays = by_week.then(|| days(weekday)).flatten();
    Some(Cron { minutes, daily: weekdays.as_ref().is_some_and(|days| days.len() == 7), weekdays })
}

/// The days of the week that a field means.
fn days(field: &str) -> Option<Vec<u32>> {
    let mut field = field.to_ascii_lowercase();
    for (i, name) in DAYS.iter().enumerate() {
        field = field.replace(name, &i.to_string());
    }
    let mut all: Vec<u32> = values(&field, 0, 7)?.into_iter().map(|day| day % 7).collect();
    all.sort_unstable();
    all.dedup();
    Some(all)
}

fn values(field: &str, low: u32, high: u32) -> Option<Vec<u32>> {
    let mut out = std::collections::BTreeSet::new();
    for part in field.split(',') {
        let (range, step) = part.split_once('/').map_or((part, None), |(range, step)| (range, Some(step)));
        let step: u32 = step.map_or(Some(1), |s| s.parse().ok())?;
        let (from, to) = match range.split_once('-') {
            _ if range == "*" => (low, high),
            Some((from, to)) => (from.parse().ok()?, to.parse().ok()?),
            None => {
                let n: u32 = range.parse().ok()?;
                (n, if part.contains('/') { high } else { n })
            }
        };
        if step == 0 || from < low || to > high {
            return None;
        }
        out.extend((from..=to).step_by(step as usize));
    }
    Some(out.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedules_are_told_from_others() {
        for good in
            ["0 6 * * *", "*/15 0-6 1,15 jan-mar MON", "@daily", "@once", "0 0 L * *", "0 0 * * 5#2", "0 0 0 * * *"]
        {
            assert_eq!(known(good), Ok(()), "{good}");
        }
        for bad in [
            "0 25 * * *",
            "60 * * * *",
            "0 6 * *",
            "@dayly",
            "0 6 0 * *",
            "*/0 * * * *",
            "0 6 * * 8",
            "at six every day",
            "30 7 * * MON-FRY",
            "0 0 1 juny *",
            "0 mon * * *",
        ] {
            assert!(known(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn runs_of_a_day() {
        assert_eq!(
            read("30 6 * * *"),
            Some(Cron { minutes: vec![390], daily: true, weekdays: Some((0..7).collect()) })
        );
        let work = Some(vec![1, 2, 3, 4, 5]);
        assert_eq!(
            read("0 */6 * * 1-5"),
            Some(Cron { minutes: vec![0, 360, 720, 1080], daily: false, weekdays: work })
        );
        let days = |text: &str| read(text).and_then(|c| c.weekdays);
        assert_eq!(
            (days("0 0 * * SUN"), days("0 0 * * 7"), days("@weekly")),
            (Some(vec![0]), Some(vec![0]), Some(vec![0]))
        );
        assert_eq!((days("0 0 1 * *"), days("@daily").map(|d| d.len())), (None, Some(7)));
        assert_eq!(read("H * * * *"), None);
    }
}
