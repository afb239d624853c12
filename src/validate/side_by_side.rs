//! The same work on many things, by as many threads as there are cores.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::Builder;

/// For fewer things a thread takes longer to start than to work.
const FEW: usize = 4;
/// As much as the main thread has, in bytes: trees that are nested deeply take it.
const STACK: usize = 8 << 20;

/// The results in the order of the items.
///
/// A thread that has sent its share is not waited for: it gives its memory back while the results are used.
pub(super) fn side_by_side<T, R>(
    items: &Arc<[T]>,
    work: impl Fn(&T) -> R + Send + Sync + 'static,
) -> Vec<R>
where
    T: Send + Sync + 'static,
    R: Send + 'static,
{
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = cores.min(items.len() / FEW);
    if threads < 2 {
        return items.iter().map(work).collect();
    }
    let next = AtomicUsize::new(0);
    let of = Arc::clone(items);
    let take = Arc::new(move || {
        let mut done = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = of.get(index) else {
                return done;
            };
            done.push((index, work(item)));
        }
    });
    let (sender, shares) = mpsc::channel();
    let start = |_| {
        let (take, sender) = (Arc::clone(&take), sender.clone());
        // Nobody listens only where another thread has panicked.
        let share = move || sender.send(take()).unwrap_or_default();
        // A thread that can't be started leaves its share to the others.
        Builder::new().stack_size(STACK).spawn(share).ok()
    };
    let workers: Vec<_> = (1..threads).filter_map(start).collect();
    drop(sender);
    let mut results = take();
    results.extend(shares.iter().flatten());
    if results.len() < items.len() {
        for worker in workers {
            worker
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        }
    }
    results.sort_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_keep_their_order() {
        let numbers: Arc<[usize]> = (0..1000).collect();
        let doubled = side_by_side(&numbers, |number| number * 2);
        assert_eq!(doubled, (0..2000).step_by(2).collect::<Vec<_>>());
    }

    #[test]
    #[should_panic(expected = "number 700")]
    fn a_panic_is_not_lost() {
        let numbers: Arc<[usize]> = (0..1000).collect();
        side_by_side(&numbers, |number| assert_ne!(*number, 700, "number 700"));
    }
}
