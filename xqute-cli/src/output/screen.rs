//! What stands on standard output and standard error? One writer at a time, and no line torn by another.

use std::fmt;
use std::io::{self, ErrorKind, IsTerminal, Read, Write};
use std::sync::{LazyLock, mpsc};
use std::thread;
use std::time::Duration;

use tokio::sync::{Mutex, MutexGuard};
use xqute::Written;

use super::logged;

const CHUNK: usize = 64 * 1024;
/// Who takes nothing for so long takes nothing.
const SOON: Duration = Duration::from_secs(1);

/// Where bytes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum To {
    Out,
    Err,
}

/// Standard output and standard error: the program has one of each, whoever writes there.
static SCREEN: LazyLock<Mutex<Shown>> = LazyLock::new(|| {
    let terminal = [io::stdout().is_terminal(), io::stderr().is_terminal()];
    Mutex::new(Shown { terminal, closed: [false; 2], drawn: false, open: [false; 2] })
});

/// Waits for one's turn, as hooks do: whoever has it may be writing into a pipe that is full, and blocks one thread only.
///
/// What was logged before is written before.
pub(super) async fn lock() -> MutexGuard<'static, Shown> {
    logged::write_if_free();
    SCREEN.lock().await
}

/// For those who may not be held up.
fn if_free() -> Option<MutexGuard<'static, Shown>> {
    logged::write_if_free();
    SCREEN.try_lock().ok()
}

/// Draws the line of the progress, unless somebody writes: then the next one is soon.
pub(super) fn draw(line: &str) {
    let Some(mut shown) = if_free() else { return };
    let end = shown.end_line();
    shown.drawn = true;
    // Nobody sees a terminal that is gone.
    let _ = write!(io::stderr(), "{end}\r{line}\x1b[K");
}

/// Takes the line of the progress away, unless somebody writes: then it is gone.
pub(super) fn clear() {
    if let Some(mut shown) = if_free() {
        shown.clear();
    }
}

/// Tells something at once, also while somebody writes.
pub(crate) fn say(what: fmt::Arguments<'_>) {
    match if_free() {
        Some(mut shown) => shown.say(what),
        // Nobody can be told that standard error is closed.
        None => drop(writeln!(io::stderr(), "xqute: {what}")),
    }
}

/// Tells something, if it is taken soon: whoever leaves at once is not held up by a pipe that is full.
pub(crate) fn say_in_passing(what: String) {
    let (told, wait) = mpsc::channel();
    let tell = move || {
        say(format_args!("{what}"));
        let _ = told.send(());
    };
    // Without a thread there is no telling whether it would be taken.
    if thread::Builder::new().spawn(tell).is_ok() {
        let _ = wait.recv_timeout(SOON);
    }
}

/// Lines for standard error that were logged. Never waits for who writes otherwise: the engine logs too.
pub(super) fn write_log(lines: &[u8]) {
    let mut shown = SCREEN.try_lock().ok();
    let end = shown.as_mut().map_or("", |shown| {
        shown.clear();
        shown.end_line()
    });
    let mut err = io::stderr().lock();
    // If it is closed or full, there is nobody to tell.
    let _ = err.write_all(end.as_bytes()).and_then(|()| err.write_all(lines));
}

/// What is shown, in the hands of the one whose turn it is.
#[derive(Debug)]
pub(super) struct Shown {
    terminal: [bool; 2],
    /// Nobody reads any more.
    closed: [bool; 2],
    /// The progress stands in the last line.
    drawn: bool,
    /// The last line has no end yet.
    open: [bool; 2],
}

impl Shown {
    /// Takes the line of the progress away.
    pub(super) fn clear(&mut self) {
        if std::mem::take(&mut self.drawn) {
            let _ = io::stderr().write_all(b"\r\x1b[K");
        }
    }

    /// Tells something. If standard error is closed or full, there is nobody to tell.
    pub(super) fn say(&mut self, what: fmt::Arguments<'_>) {
        self.clear();
        let end = self.end_line();
        let _ = writeln!(io::stderr(), "{end}xqute: {what}");
    }

    /// Adds a line to what was told.
    pub(super) fn add(&mut self, line: &str) {
        self.clear();
        let _ = writeln!(io::stderr(), "{line}");
    }

    /// What ends a job's last line on standard error, so that nothing else stands in it.
    fn end_line(&mut self) -> &'static str {
        let [out, err] = &mut self.open;
        // Two terminals are one: who has two of them sees an empty line.
        let shared = self.terminal == [true, true] && std::mem::take(out);
        if std::mem::take(err) || shared { "\n" } else { "" }
    }

    /// Copies what a job has written, with `tag` before each line. Nothing, where there is none or it is empty.
    pub(super) fn copy(&mut self, from: Option<Written>, to: To, tag: Option<&[u8]>) -> io::Result<()> {
        let size = from.as_ref().map_or(Ok(0), Written::size)?;
        let (Some(from), false) = (from.filter(|_| size > 0), self.closed[to as usize]) else {
            return Ok(());
        };
        // What a job has left running may write on and on: what the job wrote is printed.
        let mut file = from.take(size);
        let mut chunk = vec![0; CHUNK.min(usize::try_from(size).unwrap_or(CHUNK))];
        let mut lines = tag.map(Lines::new);
        loop {
            let read = match file.read(&mut chunk) {
                Ok(read) => read,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            match &mut lines {
                None if read == 0 => return Ok(()),
                None => self.write(to, &chunk[..read])?,
                Some(lines) if read == 0 => return self.write(to, lines.end()),
                Some(lines) => self.write(to, &lines.tagged(&chunk[..read]))?,
            }
        }
    }

    /// Writes bytes. Where nobody reads any more, or nothing can be written, no more is tried.
    pub(super) fn write(&mut self, to: To, bytes: &[u8]) -> io::Result<()> {
        if self.closed[to as usize] {
            return Ok(());
        }
        let Some(last) = bytes.last() else { return Ok(()) };
        self.clear();
        let written = match to {
            To::Out => {
                let mut out = io::stdout().lock();
                out.write_all(bytes).and_then(|()| out.flush())
            }
            To::Err => io::stderr().lock().write_all(bytes),
        };
        match written {
            Ok(()) => {}
            Err(error) => {
                self.closed[to as usize] = true;
                let name = if to == To::Out { "standard output" } else { "standard error" };
                let told = io::Error::new(error.kind(), format!("cannot write to {name}: {error}"));
                return if error.kind() == ErrorKind::BrokenPipe { Ok(()) } else { Err(told) };
            }
        }
        if self.terminal == [true, true] {
            self.open = [false; 2];
        }
        self.open[to as usize] = *last != b'\n';
        Ok(())
    }
}

/// Puts a tag before each line.
struct Lines<'t> {
    tag: &'t [u8],
    /// The last line has a tag and no end yet.
    begun: bool,
}

impl<'t> Lines<'t> {
    fn new(tag: &'t [u8]) -> Self {
        Self { tag, begun: false }
    }

    fn tagged(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut tagged = Vec::with_capacity(bytes.len() + self.tag.len());
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            if !self.begun {
                // A tag of two lines would be a line without a tag.
                tagged.extend(self.tag.iter().map(|byte| if *byte == b'\n' { b' ' } else { *byte }));
                tagged.push(b'\t');
            }
            tagged.extend_from_slice(line);
            self.begun = !line.ends_with(b"\n");
        }
        tagged
    }

    /// What the last line lacks.
    fn end(&self) -> &'static [u8] {
        if self.begun { b"\n" } else { b"" }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(terminal: [bool; 2], open: [bool; 2]) -> Shown {
        Shown { terminal, closed: [false; 2], drawn: false, open }
    }

    #[test]
    fn what_is_told_begins_a_line() {
        assert_eq!(shown([false; 2], [false, true]).end_line(), "\n");
        assert_eq!(shown([false; 2], [true, false]).end_line(), "", "standard output is elsewhere");
        let mut both = shown([true; 2], [true, false]);
        assert_eq!((both.end_line(), both.end_line()), ("\n", ""));
    }

    fn tagged(tag: &[u8], chunks: &[&[u8]]) -> Vec<u8> {
        let mut lines = Lines::new(tag);
        let mut all: Vec<u8> = chunks.iter().flat_map(|chunk| lines.tagged(chunk)).collect();
        all.extend_from_slice(lines.end());
        all
    }

    #[test]
    fn each_line_has_its_tag_and_an_end() {
        assert_eq!(tagged(b"t", &[b"a\nb"]), b"t\ta\nt\tb\n");
        assert_eq!(tagged(b"t", &[b"a\n\n"]), b"t\ta\nt\t\n");
        assert_eq!(tagged(b"\xff", &[b"\xfe\n"]), b"\xff\t\xfe\n");
        assert_eq!(tagged(b"t", &[]), b"");
    }

    #[test]
    fn a_line_that_comes_in_pieces_has_one_tag() {
        assert_eq!(tagged(b"t", &[b"a", b"b\n", b"c"]), b"t\tab\nt\tc\n");
    }

    #[test]
    fn a_tag_is_one_line() {
        assert_eq!(tagged(b"a\nb", &[b"c\n"]), b"a b\tc\n");
    }
}
