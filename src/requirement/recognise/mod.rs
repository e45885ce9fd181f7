//! One file a kind of phrase. A recogniser looks at one place in the text and takes the words it knows, or none; to
//! teach the reader a new kind of phrase, add a file and a line to [`RECOGNISERS`].

mod absent;
mod after;
mod around;
mod calendar;
mod clean;
mod comparative;
mod computed;
mod counted;
mod dedupe;
mod defined;
mod elapsed;
mod event_state;
mod extreme;
mod fill;
mod filter;
mod formula;
mod functions;
mod group;
mod happened;
mod having;
mod hint;
mod history;
mod lasting;
mod left_out;
mod mask;
mod measure;
mod mode;
mod money;
mod named;
mod notify;
mod noun;
mod others;
mod part_count;
mod period;
mod pivot;
mod platform;
mod quality;
mod schedule;
mod set_aside;
mod share;
mod subject;
mod top;
mod unsayable;
mod verbs;
mod when;
mod window;
mod zero;
mod zone;

pub use money::{counts, is_cents};
pub use quality::form_of;
pub use schedule::{Every, When};
pub use top::NUMBERS;

use super::piece::Piece;
use super::scan::Scan;

/// Takes the words at one place, knowing the pieces before it.
pub type Recogniser = for<'a> fn(&Scan<'a>, usize, &[Piece<'a>]) -> Option<Piece<'a>>;

/// In the order that they are asked.
#[rustfmt::skip]
pub const RECOGNISERS: &[Recogniser] = &[
    hint::read,
    after::read,
    counted::both,
    set_aside::read,
    dedupe::read,
    pivot::read,
    quality::read,
    history::read,
    zero::read,
    elapsed::read,
    mask::read,
    share::read,
    share::title,
    fill::read,
    top::read,
    around::read,
    having::read,
    calendar::read,
    computed::read,
    named::read,
    unsayable::read,
    platform::read,
    notify::read,
    zone::read,
    schedule::read,
    mode::read,
    window::read,
    when::read,
    others::read,
    clean::read,
    part_count::read,
    money::read,
    formula::definition,
    defined::read,
    subject::read,
    absent::read,
    event_state::read,
    happened::read,
    comparative::read,
    filter::read,
    functions::read,
    measure::read,
    counted::read,
    group::read,
    verbs::read,
    noun::read,
    noun::filler,
];

/// What is only seen once everything is read: words that lack others.
pub fn finish<'a>(scan: &Scan<'a>, pieces: &mut Vec<Piece<'a>>) {
    top::finish(scan, pieces);
    around::finish(scan, pieces);
    dedupe::finish(scan, pieces);
    others::finish(scan, pieces);
}
