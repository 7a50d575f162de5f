//! Going through all transfers, page by page, while another thread reads the next pages.
//!
//! Pages are used again and again, so that memory is bounded and stays in the processor's cache.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use crate::{Flows, Transfer};

use super::run::Halt;

/// So many transfers are read at once: few enough that all pages stay in the cache, and enough that the threads seldom wait for
/// each other.
const PAGE: usize = 2_048;

/// So many pages there are.
const PAGES: usize = 4;

struct Page<T> {
    first: u64,
    transfers: Vec<Transfer>,
    /// What was found out of each.
    found: Vec<T>,
}

impl<T> Page<T> {
    fn new() -> Self {
        Self { first: 0, transfers: Vec::new(), found: Vec::new() }
    }

    fn read(&mut self, flows: &impl Flows, first: u64, find: impl Fn(&Transfer) -> T) {
        self.first = first;
        self.transfers.clear();
        self.found.clear();
        flows.chunk(first, PAGE, &mut self.transfers);
        self.found.extend(self.transfers.iter().map(find));
    }

    fn next(&self) -> u64 {
        self.first + self.transfers.len() as u64
    }
}

/// Goes through all transfers from one on. `find` says something of each by itself, in a thread of its own if there can be one;
/// `visit` gets the number of a page's first transfer, the transfers, and what was found of each.
pub(super) fn each_page<F, T>(
    flows: &F,
    first: u64,
    find: impl Fn(&Transfer) -> T + Sync,
    mut visit: impl FnMut(u64, &[Transfer], &[T]) -> Result<(), Halt>,
) -> Result<(), Halt>
where
    F: Flows + Sync,
    T: Send,
{
    let count = flows.len();
    if count.saturating_sub(first) <= PAGE as u64 {
        return alone(flows, first..count, find, visit);
    }
    thread::scope(|scope| {
        let ((empty_in, empty), (full_in, full)) = (channel(), channel());
        for _ in 0..PAGES {
            let _ = empty_in.send(Page::new());
        }
        let find = &find;
        let reader = move || read(flows, first..count, find, &empty, &full_in);
        if thread::Builder::new().spawn_scoped(scope, reader).is_err() {
            return alone(flows, first..count, find, visit);
        }
        let mut next = first;
        while next < count {
            // A reader that is gone has panicked, which the scope passes on.
            let page: Page<T> = full.recv().map_err(|_| Halt::Changed(next))?;
            visit(page.first, &page.transfers, &page.found)?;
            next = page.next();
            // The reader ends when it has read all.
            let _ = empty_in.send(page);
        }
        Ok(())
    })
}

/// Fills empty pages until all is read or nobody wants more.
fn read<T>(
    flows: &impl Flows,
    numbers: std::ops::Range<u64>,
    find: impl Fn(&Transfer) -> T,
    empty: &Receiver<Page<T>>,
    full: &Sender<Page<T>>,
) {
    let mut next = numbers.start;
    while next < numbers.end
        && let Ok(mut page) = empty.recv()
    {
        page.read(flows, next, &find);
        next = page.next();
        if page.transfers.is_empty() || full.send(page).is_err() {
            return;
        }
    }
}

/// The same without another thread.
fn alone<T>(
    flows: &impl Flows,
    numbers: std::ops::Range<u64>,
    find: impl Fn(&Transfer) -> T,
    mut visit: impl FnMut(u64, &[Transfer], &[T]) -> Result<(), Halt>,
) -> Result<(), Halt> {
    let mut page = Page::new();
    let mut next = numbers.start;
    while next < numbers.end {
        page.read(flows, next, &find);
        if page.transfers.is_empty() {
            return Err(Halt::Changed(next));
        }
        visit(next, &page.transfers, &page.found)?;
        next = page.next();
    }
    Ok(())
}
