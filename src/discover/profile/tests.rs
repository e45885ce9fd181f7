#![allow(clippy::unwrap_used)]

use super::*;
use crate::contract::{Column, ColumnProfile};
use crate::discover::sampling::Draw;
use crate::vocabulary::{DataType, Name};

fn column(name: &str, data_type: DataType) -> Column {
    Column::new(Name::parse(name).unwrap(), data_type)
}

fn profiled(data_type: DataType, cells: &[Cell<'_>]) -> ColumnProfile {
    let mut seen = Seen::new();
    cells.iter().for_each(|cell| seen.see(cell));
    seen.finish();
    profile(&column("c", data_type), &seen)
}

fn integers(all: impl IntoIterator<Item = i64>) -> ColumnProfile {
    let cells: Vec<Cell<'_>> = all.into_iter().map(Cell::Integer).collect();
    profiled(DataType::Integer, &cells)
}

#[test]
fn numbers_have_ends_quantiles_and_outliers() {
    let seen = integers(1..=100);
    assert_eq!((seen.min.as_deref(), seen.max.as_deref(), seen.distinct), (Some("1"), Some("100"), 100));
    assert_eq!(seen.quantiles, ["5", "25", "50", "75", "95"]);
    assert_eq!(seen.outliers, 0);
    // The middle half is 26 to 76: its rule ends at 151.
    let far = integers((1..=100).chain([151, 152, -49, 1000, -1000]));
    assert_eq!((far.quantiles[1].as_str(), far.quantiles[3].as_str(), far.outliers), ("25", "77", 2));
    assert_eq!(integers([7; 50].into_iter().chain([1, 900])).outliers, 0, "the middle half is one number");
    let mixed = profiled(DataType::Float, &[Cell::Integer(3), Cell::Real(2.5), Cell::Real(f64::NAN), Cell::Null]);
    assert_eq!((mixed.min.as_deref(), mixed.max.as_deref(), mixed.nulls), (Some("2.5"), Some("3"), 1));
    let text = profiled(DataType::Decimal { precision: 12, scale: 2 }, &[Cell::Text("12.50"), Cell::Text("9")]);
    assert_eq!((text.min.as_deref(), text.max.as_deref()), (Some("9"), Some("12.5")));
    assert_eq!(profiled(DataType::Float, &[Cell::Real(1e300)]).max.as_deref(), Some("1e300"));
    assert_eq!(integers([i64::MIN, i64::MAX]).min.unwrap(), i64::MIN.to_string());
}

#[test]
fn times_have_ranges_in_canonical_text() {
    let days = ["2026-03-31", "2024-02-29", "2025-01-01"].map(Cell::Text);
    let seen = profiled(DataType::Date, &days);
    assert_eq!((seen.min.as_deref(), seen.max.as_deref()), (Some("2024-02-29"), Some("2026-03-31")));
    assert_eq!(seen.quantiles[2], "2025-01-01");
    let moments = ["2026-03-31 06:00:00", "2026-03-31T06:00:00.25"].map(Cell::Text);
    assert_eq!(profiled(DataType::Timestamp, &moments).max.as_deref(), Some("2026-03-31T06:00:00.25"));
    let zoned = ["2026-03-31T06:00:00+02:00", "2026-03-31T05:00:00Z"].map(Cell::Text);
    assert_eq!(profiled(DataType::TimestampTz, &zoned).min.as_deref(), Some("2026-03-31T04:00:00Z"));
}

#[test]
fn different_values_are_counted_or_estimated() {
    assert_eq!(integers((0..4000).map(|n| n * 7 % 1000)).distinct, 1000);
    for count in [5_000_i64, 50_000, 200_000] {
        // Not in order, so that they are no rising numbers.
        let estimate = integers((0..count).rev().chain(0..count / 2)).distinct;
        let off = estimate.abs_diff(u64::try_from(count).unwrap()) * 100 / u64::try_from(count).unwrap();
        assert!(off <= 5, "{estimate} of {count}: three standard errors are 4.7 %");
    }
}

#[test]
fn values_of_a_crowd_are_kept_and_others_never() {
    let mut draw = Draw::new(1);
    let mut seen = Seen::new();
    for n in 0..50_000 {
        let text = match draw.below(10) {
            0..=2 => "N/A".to_owned(),
            3 => "unknown".to_owned(),
            _ => format!("unique {n}"),
        };
        seen.see(&Cell::Text(&text));
    }
    seen.finish();
    let kept = profile(&column("c", DataType::Text), &seen);
    let top: Vec<&str> = kept.top.iter().map(|c| c.value.as_str()).collect();
    assert_eq!(top, ["N/A", "unknown"], "though 30,000 others were seen");
    assert!((14_000..=16_000).contains(&kept.top[0].count), "{:?}", kept.top);
    assert!(seen.values.is_none());
    let few: Vec<Cell<'_>> = ["a", "a", "a", "a", "b", "b", "b", "b", "b"].map(Cell::Text).to_vec();
    let kept = profiled(DataType::Text, &few);
    assert_eq!(kept.top.iter().map(|c| (c.value.as_str(), c.count)).collect::<Vec<_>>(), [("b", 5)]);
}

#[test]
fn forms_and_lengths_of_texts() {
    let texts: Vec<String> =
        (0..300).map(|n| if n % 10 == 0 { format!("Über-{n:03}") } else { format!("AB{n:04}") }).collect();
    let cells: Vec<Cell<'_>> = texts.iter().map(|t| Cell::Text(t)).collect();
    let kept = profiled(DataType::Text, &cells);
    let forms: Vec<(&str, u64)> = kept.patterns.iter().map(|c| (c.value.as_str(), c.count)).collect();
    assert_eq!(forms, [("AA9999", 270), ("Aaaa-999", 30)]);
    assert_eq!(kept.lengths.map(|l| (l.min, l.max)), Some((6, 8)));
}

#[test]
fn of_personal_data_only_numbers_are_kept() {
    let mut tagged = column("c", DataType::Text);
    tagged.tags = vec!["pii.name".into()];
    let mut seen = Seen::new();
    (0..100).for_each(|_| seen.see(&Cell::Text("Ada")));
    seen.finish();
    let kept = profile(&tagged, &seen);
    assert_eq!(kept, kept.without_values());
    assert_eq!((kept.distinct, kept.lengths.map(|l| l.max)), (1, Some(3)));
    // One value of twenty that looks personal is enough, whatever the column is called.
    let mut seen = Seen::new();
    (0..100).for_each(|n| seen.see(&Cell::Text(if n % 20 == 0 { "ann@example.com" } else { "none" })));
    seen.finish();
    let kept = profile(&column("c", DataType::Text), &seen);
    assert_eq!(kept, kept.without_values());
}

#[test]
fn what_is_held_is_bounded() {
    let mut seen = Seen::new();
    for n in 0..300_000_i64 {
        seen.see(&Cell::Integer(n));
    }
    let live = seen.live.as_ref().unwrap();
    assert!(live.numbers.held() <= 10_000 && live.distinct.held() <= 8192 && live.values.held() <= 1000);
    seen.finish();
    assert!(seen.rising && seen.live.is_none() && seen.measured.top.len() <= 200);
}
