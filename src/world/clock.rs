//! The clock. Nothing that is generated reads it; runs do.

use std::time::Instant;

use jiff::{Timestamp, civil::Date, tz::TimeZone};

/// Now.
pub fn now() -> Timestamp {
    Timestamp::now()
}

/// The day that it is in UTC.
pub fn today() -> Date {
    now().to_zoned(TimeZone::UTC).date()
}

/// Measures how long something takes.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts now.
    pub fn start() -> Stopwatch {
        Stopwatch(Instant::now())
    }

    /// Seconds since the start, to the millisecond.
    pub fn seconds(&self) -> f64 {
        (self.0.elapsed().as_secs_f64() * 1000.0).round() / 1000.0
    }
}
