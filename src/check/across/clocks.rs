//! The clocks of time zones: how far each is from UTC.

/// Zone, minutes ahead of UTC in winter and in summer, as of 2026.
const ZONES: &[(&str, i32, i32)] = &[
    ("UTC", 0, 0),
    ("Etc/UTC", 0, 0),
    ("GMT", 0, 0),
    ("Europe/London", 0, 60),
    ("Europe/Dublin", 0, 60),
    ("Europe/Lisbon", 0, 60),
    ("Europe/Amsterdam", 60, 120),
    ("Europe/Berlin", 60, 120),
    ("Europe/Brussels", 60, 120),
    ("Europe/Budapest", 60, 120),
    ("Europe/Copenhagen", 60, 120),
    ("Europe/Madrid", 60, 120),
    ("Europe/Oslo", 60, 120),
    ("Europe/Paris", 60, 120),
    ("Europe/Prague", 60, 120),
    ("Europe/Rome", 60, 120),
    ("Europe/Stockholm", 60, 120),
    ("Europe/Vienna", 60, 120),
    ("Europe/Warsaw", 60, 120),
    ("Europe/Zurich", 60, 120),
    ("Europe/Athens", 120, 180),
    ("Europe/Bucharest", 120, 180),
    ("Europe/Helsinki", 120, 180),
    ("Europe/Kiev", 120, 180),
    ("Europe/Kyiv", 120, 180),
    ("Europe/Istanbul", 180, 180),
    ("Europe/Moscow", 180, 180),
    ("Africa/Johannesburg", 120, 120),
    ("Africa/Lagos", 60, 60),
    ("Africa/Nairobi", 180, 180),
    ("America/Anchorage", -540, -480),
    ("America/Bogota", -300, -300),
    ("America/Buenos_Aires", -180, -180),
    ("America/Chicago", -360, -300),
    ("America/Denver", -420, -360),
    ("America/Lima", -300, -300),
    ("America/Los_Angeles", -480, -420),
    ("America/Mexico_City", -360, -360),
    ("America/New_York", -300, -240),
    ("America/Phoenix", -420, -420),
    ("America/Sao_Paulo", -180, -180),
    ("America/Toronto", -300, -240),
    ("America/Vancouver", -480, -420),
    ("US/Central", -360, -300),
    ("US/Eastern", -300, -240),
    ("US/Mountain", -420, -360),
    ("US/Pacific", -480, -420),
    ("Asia/Bangkok", 420, 420),
    ("Asia/Calcutta", 330, 330),
    ("Asia/Dubai", 240, 240),
    ("Asia/Ho_Chi_Minh", 420, 420),
    ("Asia/Hong_Kong", 480, 480),
    ("Asia/Jakarta", 420, 420),
    ("Asia/Jerusalem", 120, 180),
    ("Asia/Karachi", 300, 300),
    ("Asia/Kolkata", 330, 330),
    ("Asia/Kuala_Lumpur", 480, 480),
    ("Asia/Manila", 480, 480),
    ("Asia/Riyadh", 180, 180),
    ("Asia/Seoul", 540, 540),
    ("Asia/Shanghai", 480, 480),
    ("Asia/Singapore", 480, 480),
    ("Asia/Taipei", 480, 480),
    ("Asia/Tokyo", 540, 540),
    ("Australia/Brisbane", 600, 600),
    ("Australia/Melbourne", 600, 660),
    ("Australia/Perth", 480, 480),
    ("Australia/Sydney", 600, 660),
    ("Pacific/Auckland", 720, 780),
];

/// How far the zone is from UTC that code names, in each part of the year: `tz="Asia/Tokyo"`, `timezone.utc`.
pub(super) fn offsets(code: &str) -> Option<[i32; 2]> {
    let named = code.split(['"', '\'']).find_map(|word| ZONES.iter().find(|(name, ..)| *name == word));
    match named {
        Some((_, winter, summer)) => Some([*winter, *summer]),
        None => code.to_ascii_lowercase().ends_with("timezone.utc").then_some([0, 0]),
    }
}

/// How many minutes after one daily run the other comes, in whichever part of the year; none where a zone is not known.
pub(super) fn gaps(one: (u32, &str), other: (u32, &str)) -> Option<Vec<i32>> {
    let (from, to) = match one.1 == other.1 {
        true => (vec![0], vec![0]),
        false => (offsets(one.1)?.to_vec(), offsets(other.1)?.to_vec()),
    };
    let apart = other.0 as i32 - one.0 as i32;
    let all = from.iter().flat_map(|a| to.iter().map(move |b| apart - b + a));
    Some(all.map(|gap| gap.rem_euclid(1_440)).collect())
}

#[cfg(test)]
mod tests {
    use super::gaps;

    #[test]
    fn clocks_are_compared_across_zones() {
        let new_york = "tz=\"America/New_York\"";
        assert_eq!(gaps((240, "tz=\"UTC\""), (120, new_york)), Some(vec![180, 120, 180, 120]));
        assert_eq!(gaps((120, "timezone.utc"), (360, "tz='Asia/Tokyo'")), Some(vec![1_140; 4]));
        assert_eq!(gaps((300, ""), (360, "")), Some(vec![60]), "two in one zone, whichever that is");
        assert_eq!(gaps((300, ""), (360, new_york)), None);
        assert_eq!(gaps((300, "tz='Mars/Base'"), (360, new_york)), None);
    }
}
