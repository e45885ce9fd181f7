//! The same for many, by a few threads at once.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;

use crate::vocabulary::Outcome;

/// `work` done for each of `items` by `threads` threads; the results are in the order of the items. `heard` is told of
/// each as it is done, with how many are.
///
/// # Errors
/// That of the first item, in their order, whose work failed; nothing more is begun then.
pub fn map<T: Sync, R: Send>(
    threads: usize,
    items: &[T],
    work: impl Fn(&T) -> Outcome<R> + Sync,
    mut heard: impl FnMut(usize, &T, &R),
) -> Outcome<Vec<R>> {
    let (next, failed) = (AtomicUsize::new(0), AtomicBool::new(false));
    let (send, receive) = mpsc::channel();
    let mut out: Vec<Option<Outcome<R>>> = items.iter().map(|_| None).collect();
    std::thread::scope(|scope| {
        for _ in 0..threads.clamp(1, items.len().max(1)) {
            let (send, next, failed, work) = (send.clone(), &next, &failed, &work);
            scope.spawn(move || {
                while !failed.load(Ordering::Relaxed) {
                    let i = next.fetch_add(1, Ordering::Relaxed);
                    let Some(item) = items.get(i) else { break };
                    let done = work(item);
                    failed.fetch_or(done.is_err(), Ordering::Relaxed);
                    if send.send((i, done)).is_err() {
                        break;
                    }
                }
            });
        }
        drop(send);
        for (count, (i, done)) in receive.iter().enumerate() {
            if let Ok(result) = &done {
                heard(count + 1, &items[i], result);
            }
            out[i] = Some(done);
        }
    });
    // Items are begun in their order, so that those before the first failure are all there.
    out.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::vocabulary::Diagnostic;

    #[test]
    fn results_are_in_the_order_of_the_items() {
        let items: Vec<u64> = (0..500).collect();
        let mut heard = 0;
        let out = map(4, &items, |n| Ok(n * 2), |done, _, _| heard = heard.max(done)).unwrap();
        assert_eq!(out, items.iter().map(|n| n * 2).collect::<Vec<_>>());
        assert_eq!(heard, 500);
        assert_eq!(map(4, &[] as &[u64], |n| Ok(*n), |_, _, _| {}).unwrap(), Vec::<u64>::new());
    }

    #[test]
    fn the_first_failure_is_told_and_ends_the_rest() {
        let items: Vec<u64> = (0..500).collect();
        let begun = AtomicUsize::new(0);
        let work = |n: &u64| {
            begun.fetch_add(1, Ordering::Relaxed);
            if *n >= 3 { Err(Diagnostic::error("cut", format!("at {n}")).into()) } else { Ok(*n) }
        };
        let fault = map(4, &items, work, |_, _, _| {}).unwrap_err();
        assert_eq!(fault.diagnostics[0].what, "at 3");
        assert!(begun.load(Ordering::Relaxed) <= 8);
    }
}
