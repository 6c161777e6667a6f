//! What if the disk of a work directory is full, or read-only, and somebody looks, repairs, or runs the list again?

use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;
use xqute::{Entries, JobState, WorkDirView, Xqute, check};

use super::tmpfs::{Room, Tmpfs, passes_as_root};

/// A disk of its own with a run of two jobs, of which the second failed.
struct Scene {
    disk: Tmpfs,
    dir: TempDir,
}

impl Scene {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let disk = Tmpfs::mount(&dir.path().join("disk"));
        let scene = Self { disk, dir };
        assert_eq!(scene.run().await, Ok((1, 1)));
        scene
    }

    fn workdir(&self) -> PathBuf {
        self.dir.path().join("disk/work")
    }

    fn journal(&self) -> Vec<u8> {
        fs::read(self.workdir().join("journal")).unwrap()
    }

    /// Runs the list; gives how many jobs succeeded and failed, now or before.
    async fn run(&self) -> Result<(usize, usize), String> {
        let run = Xqute::builder().workdir(self.workdir()).build().map_err(|it| it.to_string())?;
        for code in ["0", "3"] {
            run.feed(["sh", "-c", "exit $0", code]).await.map_err(|it| it.to_string())?;
        }
        let counts = run.run_until_complete().await.map_err(|it| it.to_string())?.counts;
        Ok((counts.succeeded + counts.done_before, counts.failed + counts.failed_before))
    }

    fn looks(&self) {
        let view = WorkDirView::open(self.workdir()).unwrap();
        assert_eq!(view.states().collect::<Vec<_>>(), [JobState::Succeeded, JobState::Failed]);
        assert!(Entries::open(self.workdir()).unwrap().all(|it| it.is_ok()));
    }
}

#[tokio::test]
async fn on_a_read_only_disk_one_may_look_and_whatever_writes_says_why_it_cannot() {
    if passes_as_root() {
        return;
    }
    let scene = Scene::new().await;
    let mut torn = scene.journal();
    torn.extend(b"torn");
    fs::write(scene.workdir().join("journal"), &torn).unwrap();
    scene.disk.read_only(true);
    scene.looks();
    assert_eq!(check(scene.workdir(), false).unwrap().findings.len(), 1);
    let told = check(scene.workdir(), true).unwrap_err().to_string();
    assert!(told.contains("/work/journal: Read-only file system"), "{told}");
    let told = scene.run().await.unwrap_err();
    assert!(told.contains("is not writable: choose another"), "{told}");
    assert_eq!(scene.journal(), torn);
    scene.disk.read_only(false);
    assert_eq!(check(scene.workdir(), true).unwrap().findings.len(), 1);
    assert_eq!(scene.run().await, Ok((1, 1)));
}

#[tokio::test]
async fn on_a_full_disk_a_journal_that_cannot_be_mended_stays_as_it_is() {
    if passes_as_root() {
        return;
    }
    let scene = Scene::new().await;
    let mut damaged = scene.journal();
    damaged[60] ^= 1;
    fs::write(scene.workdir().join("journal"), &damaged).unwrap();
    scene.disk.leave(Room { blocks: Some(0), inodes: None });
    let told = check(scene.workdir(), true).unwrap_err().to_string();
    assert!(told.contains("/work/journal: No space left on device"), "{told}");
    scene.looks();
    assert_eq!(scene.journal(), damaged);
    assert!(!scene.workdir().join("journal.new").exists());
    scene.disk.leave(Room::default());
    let mended = check(scene.workdir(), true).unwrap().findings;
    assert!(mended[0].mended.is_some(), "{mended:?}");
    assert_eq!(scene.run().await, Ok((1, 1)));
}
