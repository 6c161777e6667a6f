//! Is a text like a pattern with `*`, `?` and `[…]`?

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A pattern of the whole text: `*` any characters, also none; `?` one; `[a-c_]` one of these, `[!a-c]` one that is none of these;
/// a backslash takes its meaning from the character behind it. Case counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Glob {
    text: String,
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Any,
    One,
    This(char),
    Of { ranges: Vec<RangeInclusive<char>>, are_meant: bool },
}

impl Piece {
    fn takes(&self, it: char) -> bool {
        match self {
            Self::Any | Self::One => true,
            Self::This(this) => *this == it,
            Self::Of { ranges, are_meant } => ranges.iter().any(|range| range.contains(&it)) == *are_meant,
        }
    }
}

impl Glob {
    /// Whether the whole text is like it. At most as many steps as the product of both lengths.
    #[must_use]
    pub fn is_like(&self, text: &str) -> bool {
        let (pieces, mut rest, mut at) = (&self.pieces, text.chars(), 0);
        // Behind the last `*`, and what of the text it has not taken.
        let mut back: Option<(usize, std::str::Chars<'_>)> = None;
        loop {
            if pieces.get(at) == Some(&Piece::Any) {
                at += 1;
                back = Some((at, rest.clone()));
                continue;
            }
            let mut next = rest.clone();
            match (pieces.get(at), next.next()) {
                (None, None) => return true,
                (Some(piece), Some(it)) if piece.takes(it) => (at, rest) = (at + 1, next),
                _ => {
                    // The `*` takes one more.
                    let Some((behind, taken)) = &mut back else { return false };
                    if taken.next().is_none() {
                        return false;
                    }
                    (at, rest) = (*behind, taken.clone());
                }
            }
        }
    }
}

impl FromStr for Glob {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (mut rest, mut pieces) = (text.chars(), Vec::new());
        while let Some(it) = rest.next() {
            pieces.push(match it {
                '*' => Piece::Any,
                '?' => Piece::One,
                '[' => set(&mut rest).ok_or_else(|| {
                    format!("`{text}` is no pattern: a `[` has no `]`, or a range in it is empty; write `\\[` for the character itself")
                })?,
                '\\' => Piece::This(rest.next().ok_or_else(|| {
                    format!("`{text}` is no pattern: nothing stands behind its last backslash")
                })?),
                it => Piece::This(it),
            });
        }
        Ok(Self { text: text.to_owned(), pieces })
    }
}

/// What stands behind a `[`, with the `]`, which is a character of the set where it comes first.
fn set(rest: &mut std::str::Chars<'_>) -> Option<Piece> {
    let are_meant = !rest.as_str().starts_with(['!', '^']);
    if !are_meant {
        rest.next();
    }
    let mut ranges = Vec::new();
    loop {
        let first = match rest.next()? {
            ']' if !ranges.is_empty() => return Some(Piece::Of { ranges, are_meant }),
            '\\' => rest.next()?,
            it => it,
        };
        let mut ahead = rest.clone();
        let range = match (ahead.next(), ahead.next()) {
            (Some('-'), Some(last)) if last != ']' => {
                let last = if last == '\\' { ahead.next()? } else { last };
                *rest = ahead;
                first..=last
            }
            _ => first..=first,
        };
        if range.is_empty() {
            return None;
        }
        ranges.push(range);
    }
}

impl fmt::Display for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Serialize for Glob {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

xqute::config_word!(Glob, "text");

impl<'de> Deserialize<'de> for Glob {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// Patterns of which one is to be like a text. In a configuration a text or a list of texts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Globs(pub Vec<Glob>);

impl Globs {
    /// Whether there is none: nothing was said.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the text is like one of them.
    #[must_use]
    pub fn have(&self, text: &str) -> bool {
        self.0.iter().any(|it| it.is_like(text))
    }
}

xqute::config_word!(Globs, "text or list of texts");

impl<'de> Deserialize<'de> for Globs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(GlobsVisitor)
    }
}

struct GlobsVisitor;

impl<'de> Visitor<'de> for GlobsVisitor {
    type Value = Globs;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a pattern as `train-*`, or a list of them that is not empty")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Globs, E> {
        text.parse().map(|it| Globs(vec![it])).map_err(E::custom)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Globs, A::Error> {
        let mut globs = Vec::new();
        while let Some(glob) = list.next_element()? {
            globs.push(glob);
        }
        // None would be all, which is not what an empty list says.
        if globs.is_empty() {
            return Err(A::Error::invalid_length(0, &self));
        }
        Ok(Globs(globs))
    }
}
