//! What does a file system say? Asked by a thread that may wait for it: one that does not answer holds up no thread of the program's runtime.

use std::panic::resume_unwind;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::condition::Holds;

/// So many threads wait for file systems at once. Those that never answer keep theirs.
const MOST: usize = 16;

/// The looks that are under way.
#[derive(Debug)]
pub(super) struct Looks(Arc<Semaphore>);

impl Looks {
    pub(super) fn new() -> Self {
        Self(Arc::new(Semaphore::new(MOST)))
    }

    /// What a look finds; after `limit`, that nobody can tell.
    pub(super) async fn look(&self, limit: Duration, look: impl FnOnce() -> Holds + Send + 'static) -> Holds {
        let turn = Arc::clone(&self.0).acquire_owned();
        let found = timeout(limit, async {
            // Nobody closes it. Where the look lasts for ever, its turn does.
            let turn = turn.await;
            spawn_blocking(move || (look(), turn).0).await
        });
        match found.await {
            Ok(Ok(holds)) => holds,
            Ok(Err(error)) if error.is_panic() => resume_unwind(error.into_panic()),
            Ok(Err(error)) => Holds::Unknown(format!("nobody has looked: {error}")),
            Err(_) => Holds::Unknown(format!("the file system has not answered after {limit:?}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn a_file_system_that_does_not_answer_is_told_and_holds_up_nobody_else() {
        let (looks, short) = (Looks::new(), Duration::from_millis(1));
        let (answers, asked) = mpsc::channel::<()>();
        let asked = Arc::new(std::sync::Mutex::new(asked));
        for _ in 0..MOST {
            let asked = Arc::clone(&asked);
            let dead = looks.look(short, move || {
                let _ = asked.lock().unwrap().recv();
                Holds::Yes
            });
            assert_eq!(dead.await, Holds::Unknown("the file system has not answered after 1ms".into()));
        }
        assert!(
            matches!(looks.look(short, || Holds::Yes).await, Holds::Unknown(_)),
            "no thread is left for it"
        );
        drop(answers);
        assert_eq!(looks.look(Duration::from_secs(60), || Holds::Yes).await, Holds::Yes);
    }
}
