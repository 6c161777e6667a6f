//! Which signals stop a run that listens to them? SIGHUP, SIGINT and SIGTERM, but for those that whoever started the
//! program has it ignore (`nohup`).

use std::io;

use tokio::runtime::Handle;
use tokio::signal::unix::{Signal as Received, SignalKind, signal};
use tokio::sync::mpsc;

use super::treaty::Message;
use crate::job::Signal;

const STOPPING: [SignalKind; 3] = [SignalKind::hangup(), SignalKind::interrupt(), SignalKind::terminate()];

/// A terminal that is closed says so twice, by itself and by its shell: that is one wish, not two.
const ONCE: SignalKind = SignalKind::hangup();

/// Listens on a runtime, as long as the run lives.
pub(super) fn listen(runtime: &Handle, to: &mpsc::UnboundedSender<Message>) -> io::Result<()> {
    let _within = runtime.enter();
    let ignored = ignored()?;
    for kind in STOPPING {
        let number = kind.as_raw_value();
        if ignored & (1 << (number - 1)) != 0 {
            continue;
        }
        runtime.spawn(pass_on(signal(kind)?, Signal(number), to.clone()));
    }
    Ok(())
}

async fn pass_on(mut received: Received, signal: Signal, to: mpsc::UnboundedSender<Message>) {
    loop {
        tokio::select! {
            // The run is over.
            () = to.closed() => return,
            Some(()) = received.recv() => {
                // If nobody hears it, the run is over.
                let _ = to.send(Message::Signal(signal));
                if signal.0 == ONCE.as_raw_value() {
                    return;
                }
            }
            else => return,
        }
    }
}

/// The signals that are ignored, a bit each, from 1 on.
fn ignored() -> io::Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    Ok(mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default())
}
