//! What becomes of plugins' own files where a run begins afresh? They are out of the way while it begins, and go when it has; if it
//! comes to nothing, they are where they were.

use std::fs;
use std::io;
use std::path::Path;

use crate::job::{PLUGIN_DIRECTORIES, PLUGINS_ASIDE, PLUGINS_MARK};

/// Puts them where plugins do not find them.
pub(super) fn put(workdir: &Path) -> io::Result<()> {
    let all = workdir.join(PLUGIN_DIRECTORIES);
    // What is not xqute's stays.
    if all.join(PLUGINS_MARK).exists() { fs::rename(&all, workdir.join(PLUGINS_ASIDE)) } else { Ok(()) }
}

/// Puts them back, if they are not where they were: the run that began came to nothing, or its program died as it began.
pub(super) fn put_back(workdir: &Path) -> io::Result<()> {
    let (all, aside) = (workdir.join(PLUGIN_DIRECTORIES), workdir.join(PLUGINS_ASIDE));
    if !is_ours(&aside) {
        return Ok(());
    }
    if is_ours(&all) {
        fs::remove_dir_all(&all)?;
    }
    fs::rename(aside, all)
}

/// Removes them.
pub(super) fn remove(workdir: &Path) -> io::Result<()> {
    let aside = workdir.join(PLUGINS_ASIDE);
    if is_ours(&aside) { fs::remove_dir_all(aside) } else { Ok(()) }
}

/// Takes away what plugins were given and have not used.
pub(super) fn remove_empty(workdir: &Path) {
    let all = workdir.join(PLUGIN_DIRECTORIES);
    let Ok(entries) = fs::read_dir(&all) else { return };
    if !is_ours(&all) {
        return;
    }
    // What is not empty stays, and so does what holds it.
    entries
        .flatten()
        .filter(|it| it.file_name() != PLUGINS_MARK)
        .for_each(|it| drop(fs::remove_dir(it.path())));
    if fs::read_dir(&all).is_ok_and(|it| it.count() == 1) && fs::remove_file(all.join(PLUGINS_MARK)).is_ok() {
        let _ = fs::remove_dir(all);
    }
}

fn is_ours(directory: &Path) -> bool {
    directory.join(PLUGINS_MARK).exists()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn make(workdir: &Path, text: &str) {
        fs::create_dir_all(workdir.join("plugins/mail")).unwrap();
        fs::write(workdir.join("plugins").join(PLUGINS_MARK), "").unwrap();
        fs::write(workdir.join("plugins/mail/outbox"), text).unwrap();
    }

    fn read(workdir: &Path) -> Option<String> {
        fs::read_to_string(workdir.join("plugins/mail/outbox")).ok()
    }

    #[test]
    fn a_run_that_comes_to_nothing_takes_nothing_away() {
        let dir = tempfile::tempdir().unwrap();
        make(dir.path(), "old");
        put(dir.path()).unwrap();
        assert_eq!(read(dir.path()), None);
        make(dir.path(), "new");
        put_back(dir.path()).unwrap();
        assert_eq!(read(dir.path()).as_deref(), Some("old"));
        put_back(dir.path()).unwrap();
        assert_eq!(read(dir.path()).as_deref(), Some("old"));
    }

    #[test]
    fn when_a_run_has_begun_they_are_gone() {
        let dir = tempfile::tempdir().unwrap();
        make(dir.path(), "old");
        put(dir.path()).unwrap();
        make(dir.path(), "new");
        remove(dir.path()).unwrap();
        put_back(dir.path()).unwrap();
        assert_eq!(read(dir.path()).as_deref(), Some("new"));
    }

    #[test]
    fn what_is_not_ours_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("plugins/theirs")).unwrap();
        fs::create_dir_all(dir.path().join("plugins.old/theirs")).unwrap();
        for step in [put, put_back, remove] {
            step(dir.path()).unwrap();
        }
        remove_empty(dir.path());
        assert!(dir.path().join("plugins/theirs").exists() && dir.path().join("plugins.old/theirs").exists());
    }

    #[test]
    fn of_what_was_made_for_nothing_nothing_stays() {
        let dir = tempfile::tempdir().unwrap();
        make(dir.path(), "kept");
        fs::create_dir(dir.path().join("plugins/empty")).unwrap();
        remove_empty(dir.path());
        assert!(!dir.path().join("plugins/empty").exists() && read(dir.path()).is_some());
        fs::remove_file(dir.path().join("plugins/mail/outbox")).unwrap();
        remove_empty(dir.path());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}
