//! Where do arguments come from? `:::`, `::::`, `-a` and standard input; several are combined.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use anyhow::{Context, Result, bail};
use tokio::fs::File;
use tokio::io::{AsyncBufRead, AsyncBufReadExt, BufReader};

/// A source of arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Source {
    pub(crate) from: From,
    /// Goes with the source before it, argument by argument: `:::+`, `::::+`.
    pub(crate) linked: bool,
}

/// What arguments are taken from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum From {
    List(Vec<OsString>),
    File(OsString),
    Stdin,
}

impl Source {
    pub(crate) fn new(from: From) -> Self {
        Self { from, linked: false }
    }

    pub(crate) fn file(name: OsString) -> Self {
        Self::new(if name == "-" { From::Stdin } else { From::File(name) })
    }
}

/// Splits what was typed into the COMMAND and the sources behind it.
pub(crate) fn split(words: Vec<OsString>) -> (Vec<OsString>, Vec<Source>) {
    let (mut command, mut sources) = (Vec::new(), Vec::<Source>::new());
    let mut files = false;
    for word in words {
        let (linked, of_files) = match word.to_str() {
            Some(":::") => (false, false),
            Some(":::+") => (true, false),
            Some("::::") => (false, true),
            Some("::::+") => (true, true),
            _ => {
                match sources.last_mut() {
                    None => command.push(word),
                    Some(Source { from: From::List(list), .. }) if !files => list.push(word),
                    // Behind `::::` each word is a source; the list that stands for the separator goes.
                    Some(last) if last.from == From::List(Vec::new()) => {
                        last.from = Source::file(word).from;
                    }
                    Some(_) => sources.push(Source::file(word)),
                }
                continue;
            }
        };
        files = of_files;
        sources.push(Source { from: From::List(Vec::new()), linked });
    }
    (command, sources)
}

/// All combinations of the arguments of some sources; the last source changes fastest. Only the first is read as it goes.
pub(crate) struct Combined {
    first: Items,
    /// What the first gave last.
    head: Option<Vec<OsString>>,
    /// Sources that go together make one column of rows.
    rest: Vec<Vec<Vec<OsString>>>,
    /// Which row of each is next.
    turn: Vec<usize>,
}

impl Combined {
    /// Opens the sources, and reads all but the first.
    pub(crate) async fn open(sources: Vec<Source>, delimiter: u8) -> Result<Self> {
        let stdin = sources.iter().filter(|it| it.from == From::Stdin).count();
        if stdin > 1 {
            bail!("standard input (`-`) is named as a source {stdin} times: it can be read once");
        }
        if sources.first().is_some_and(|it| it.linked) {
            bail!("`:::+` goes with the source before it, and there is none: write `:::`");
        }
        let mut columns: Vec<Items> = Vec::new();
        for source in sources {
            let linked = source.linked;
            let items = Items::open(source.from, delimiter).await?;
            match columns.pop() {
                Some(column) if linked => columns.push(column.with(items)),
                column => columns.extend(column.into_iter().chain([items])),
            }
        }
        let mut columns = columns.into_iter();
        let first = columns.next().unwrap_or_else(|| Items::Rows(Vec::new().into_iter()));
        let mut rest = Vec::new();
        for column in columns {
            rest.push(column.all().await?);
        }
        let turn = vec![0; rest.len()];
        Ok(Self { first, head: None, rest, turn })
    }

    /// Where the arguments are from that are read as it goes.
    pub(crate) fn name(&self) -> &str {
        self.first.name()
    }

    /// The arguments of the next job.
    pub(crate) async fn next(&mut self) -> Result<Option<Vec<OsString>>> {
        if self.head.is_none() {
            self.head = self.first.next().await?;
        }
        let Some(head) = &self.head else { return Ok(None) };
        let mut args = head.clone();
        for (rows, turn) in self.rest.iter().zip(&self.turn) {
            let Some(row) = rows.get(*turn) else { return Ok(None) };
            args.extend_from_slice(row);
        }
        self.advance();
        Ok(Some(args))
    }

    fn advance(&mut self) {
        for (rows, turn) in self.rest.iter().zip(&mut self.turn).rev() {
            *turn += 1;
            if *turn < rows.len() {
                return;
            }
            *turn = 0;
        }
        self.head = None;
    }
}

/// The arguments of one source, or rows of several.
enum Items {
    Rows(std::vec::IntoIter<Vec<OsString>>),
    Text {
        text: Box<dyn AsyncBufRead + Unpin + Send>,
        delimiter: u8,
        name: String,
    },
    /// Sources that vary together.
    Linked(Vec<Self>),
}

impl Items {
    async fn open(from: From, delimiter: u8) -> Result<Self> {
        Ok(match from {
            From::List(list) => {
                let rows: Vec<_> = list.into_iter().map(|it| vec![it]).collect();
                Self::Rows(rows.into_iter())
            }
            From::File(name) => {
                let shown = name.to_string_lossy().into_owned();
                let file = File::open(&name).await.with_context(|| {
                    format!("cannot read arguments from the file {shown}, which `-a` or `::::` names")
                })?;
                Self::Text { text: Box::new(BufReader::new(file)), delimiter, name: shown }
            }
            From::Stdin => {
                let text = Box::new(BufReader::new(tokio::io::stdin()));
                Self::Text { text, delimiter, name: "standard input".to_owned() }
            }
        })
    }

    /// Of several, the first that is not at hand.
    fn name(&self) -> &str {
        let here = "the command line";
        match self {
            Self::Rows(_) => here,
            Self::Text { name, .. } => name,
            Self::Linked(all) => all.iter().map(Self::name).find(|it| *it != here).unwrap_or(here),
        }
    }

    fn with(self, more: Self) -> Self {
        match self {
            Self::Linked(mut all) => {
                all.push(more);
                Self::Linked(all)
            }
            one => Self::Linked(vec![one, more]),
        }
    }

    async fn next(&mut self) -> Result<Option<Vec<OsString>>> {
        match self {
            Self::Rows(rows) => Ok(rows.next()),
            // The shortest one says how many there are, as with GNU parallel.
            Self::Linked(all) => {
                let mut row = Vec::new();
                for items in all {
                    let Some(more) = Box::pin(items.next()).await? else { return Ok(None) };
                    row.extend(more);
                }
                Ok(Some(row))
            }
            Self::Text { text, delimiter, name } => {
                let mut item = Vec::new();
                let read = text.read_until(*delimiter, &mut item).await;
                if read.with_context(|| format!("cannot read arguments from {name}"))? == 0 {
                    return Ok(None);
                }
                if item.last() == Some(delimiter) {
                    item.pop();
                }
                Ok(Some(vec![OsString::from_vec(item)]))
            }
        }
    }

    async fn all(mut self) -> Result<Vec<Vec<OsString>>> {
        let mut rows = Vec::new();
        while let Some(row) = self.next().await? {
            rows.push(row);
        }
        Ok(rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn combined(line: &str) -> Vec<String> {
        let (_, sources) = split(line.split(' ').map(OsString::from).collect());
        let mut combined = Combined::open(sources, b'\n').await.unwrap();
        let mut found = Vec::new();
        while let Some(args) = combined.next().await.unwrap() {
            found.push(args.join(" ".as_ref()).into_string().unwrap());
        }
        found
    }

    #[tokio::test]
    async fn the_last_source_changes_fastest() {
        assert_eq!(combined("::: A B ::: C D").await, ["A C", "A D", "B C", "B D"]);
        assert_eq!(combined("::: A B").await, ["A", "B"]);
        assert_eq!(combined("::: A B :::").await, [""; 0], "nothing to combine with");
    }

    #[tokio::test]
    async fn linked_sources_go_together_as_far_as_the_shorter_goes() {
        assert_eq!(combined("::: A B :::+ 1 2 3").await, ["A 1", "B 2"]);
        assert_eq!(combined("::: X Y ::: A B :::+ 1 2").await, ["X A 1", "X B 2", "Y A 1", "Y B 2"]);
    }

    #[tokio::test]
    async fn a_file_is_an_argument_a_line_and_each_file_a_source() {
        let dir = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            std::fs::write(dir.path().join(name), text).unwrap();
            dir.path().join(name).into_os_string().into_string().unwrap()
        };
        let (a, b) = (file("a", "1\n\n 2 x"), file("b", "p\nq\n"));
        assert_eq!(combined(&format!(":::: {a}")).await, ["1", "", " 2 x"]);
        assert_eq!(combined(&format!(":::: {b} {b} ::: z")).await, ["p p z", "p q z", "q p z", "q q z"]);
        assert_eq!(combined(&format!("::: u v ::::+ {b}")).await, ["u p", "v q"]);
    }

    #[tokio::test]
    async fn what_makes_no_sense_is_told() {
        let open = |line: &str| Combined::open(split(line.split(' ').map(OsString::from).collect()).1, b'\n');
        assert!(open(":::+ a").await.is_err_and(|it| it.to_string().contains("the source before it")));
        assert!(open(":::: - -").await.is_err_and(|it| it.to_string().contains("2 times")));
        assert!(open(":::: /no/such").await.is_err_and(|it| it.to_string().contains("/no/such")));
    }
}
