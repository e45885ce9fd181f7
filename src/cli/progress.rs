//! Progress of long commands on standard error: a spinner on a terminal, plain lines elsewhere.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::report::Ui;
use crate::run::Event;

/// Draws the events of one command.
pub(super) struct Progress {
    bar: ProgressBar,
    plain: bool,
}

impl Progress {
    pub(super) fn new(ui: &Ui) -> Progress {
        let terminal = !ui.quiet && std::io::IsTerminal::is_terminal(&std::io::stderr());
        let bar = ProgressBar::with_draw_target(
            None,
            if terminal { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() },
        );
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {elapsed:.dim}") {
            bar.set_style(style);
        }
        Progress { bar, plain: !terminal && !ui.quiet }
    }

    pub(super) fn hear(&mut self, event: &Event) {
        match event {
            Event::Started { about, .. } => {
                self.bar.enable_steady_tick(Duration::from_millis(120));
                self.bar.set_message(about.clone());
                if self.plain {
                    anstream::eprintln!("  {about}");
                }
            }
            Event::At { done, total, current, .. } => {
                let of = total.map(|t| format!("/{t}")).unwrap_or_default();
                self.bar.set_message(format!("{done}{of} {current}"));
            }
            Event::Says { line, .. } => self.line(&format!("    {line}")),
            Event::Ended { step, ok, seconds } => {
                let mark = if *ok { "done" } else { "failed" };
                self.line(&format!("  {mark} {step} ({seconds:.1} s)"));
            }
        }
    }

    fn line(&self, text: &str) {
        if self.plain {
            anstream::eprintln!("{text}");
        } else {
            self.bar.println(text);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
