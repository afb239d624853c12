//! Bars for what takes long before the build says anything.

use std::collections::HashMap;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::runtime::docker::Progress;

/// A pull on standard error: one bar per layer; nothing where that is no terminal.
#[derive(Debug, Default)]
pub struct Pulling {
    all: MultiProgress,
    layers: HashMap<String, ProgressBar>,
}

impl Progress for Pulling {
    fn layer(&mut self, id: &str, status: &str, current: u64, total: u64) {
        let bar = self.layers.entry(id.to_owned()).or_insert_with(|| {
            let bar = self.all.add(ProgressBar::no_length());
            if let Ok(style) = ProgressStyle::with_template(
                "  {prefix:14} {msg:22} {wide_bar} {bytes:>10}/{total_bytes}",
            ) {
                bar.set_style(style);
            }
            bar.with_prefix(super::message::harmless(id))
        });
        bar.set_message(super::message::harmless(status));
        if total > 0 {
            bar.set_length(total);
            bar.set_position(current);
        }
    }
}

impl Drop for Pulling {
    fn drop(&mut self) {
        self.all.clear().ok();
    }
}
