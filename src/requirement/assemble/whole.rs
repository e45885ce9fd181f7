//! The ends of a window that is said, as the first and the last period where gaps are filled.

use crate::spec::Model;
use crate::vocabulary::Unit;

use super::Assembly;
use crate::requirement::piece::Kind;

impl<'a> Assembly<'_, 'a> {
    /// A day or moment of the first period, and of the last; those that are there where no window says it.
    pub(super) fn whole_window(&mut self, model: &Model) -> (Option<String>, Option<String>) {
        let windowed = model.window.is_some() || self.is_local();
        let pieces = self.at_hand();
        if let Some((stretch, _)) = self.stretch(&pieces).filter(|_| windowed) {
            let floor = |unit: Unit| format!("date_trunc('{}', as_of())", unit.as_str());
            let end = stretch.until.map_or_else(|| "as_of()".to_owned(), floor);
            let start = match (stretch.last, stretch.this) {
                (Some(last), _) => Some(format!("dateadd('{}', -{}, {end})", last.unit.as_str(), last.count)),
                (None, this) => this.map(floor),
            };
            // The end itself is not in it.
            let last = start.is_some().then(|| format!("dateadd('second', -1, {end})"));
            return (start, last);
        }
        let mut periods = self.pieces.iter().filter_map(|p| match &p.kind {
            Kind::Period { from, until } => Some((from.clone(), until.clone())),
            _ => None,
        });
        let Some((from, until)) = periods.next().filter(|_| periods.next().is_none()) else { return (None, None) };
        let day_before = |day: String| day.parse::<jiff::civil::Date>().ok()?.yesterday().ok();
        let last = until.and_then(day_before).map(|day| format!("date '{day}'"));
        (from.map(|day| format!("date '{day}'")), last)
    }
}
