//! Which value wins? What is typed, the environment, a profile, the file: the nearest, also where two options exclude each other.

use std::collections::BTreeMap;

use anyhow::{Result, bail};

use super::keys::{Key, Kind};

/// What is said of an option in one place.
#[derive(Debug, Clone)]
pub(super) struct Value {
    /// What would be typed behind the option, each time; of a flag `true` or `false`, of a count a number.
    pub(super) words: Vec<String>,
    /// Where it was found, for people.
    pub(super) from: String,
}

impl Value {
    pub(super) fn is(&self, word: &str) -> bool {
        self.words == [word]
    }

    /// As it would be typed.
    pub(super) fn spelled(&self, key: &Key) -> Vec<String> {
        let words = self.words.iter();
        match key.kind {
            Kind::Flag => {
                words.map(|it| format!("--{}{}", if it == "true" { "" } else { "no-" }, key.long)).collect()
            }
            Kind::FlagOrText => words
                .map(|it| match &**it {
                    "true" => format!("--{}", key.long),
                    "false" => format!("--no-{}", key.long),
                    text => format!("--{}={text}", key.long),
                })
                .collect(),
            Kind::Count => {
                let times = |it: &String| it.parse::<u8>().unwrap_or_default();
                words.flat_map(|it| (0..times(it)).map(|_| format!("--{}", key.long))).collect()
            }
            _ => words.map(|it| format!("--{}={it}", key.long)).collect(),
        }
    }
}

/// What one place says, by key.
pub(super) type Level = BTreeMap<String, Value>;

/// An option, one of its values, and the option that makes no sense beside that.
const EXCLUDES: [[&str; 3]; 3] = [
    ["error-strategy", "halt", "halt"],
    ["scheduler", "null", "prescript"],
    ["scheduler", "null", "postscript"],
];

/// Flags about jobs' output, which is not printed with `json`.
const PRINTED: [&str; 3] = ["print", "keep-order", "tag"];

/// Says one thing more, which was not said in the same place before.
pub(super) fn put(level: &mut Level, key: &Key, value: Value) -> Result<()> {
    if let Some(other) = level.get(&key.name) {
        bail!("{}: `{}` is set at {} already: leave one of the two out", value.from, key.name, other.from);
    }
    level.insert(key.name.clone(), value);
    Ok(())
}

/// Refuses a place that contradicts itself.
pub(super) fn check(level: &Level) -> Result<()> {
    for [key, value, other] in EXCLUDES {
        if let (Some(one), Some(two)) = (level.get(key).filter(|it| it.is(value)), level.get(other)) {
            bail!(
                "{}: `{key} = \"{value}\"` and `{other}` ({}) exclude each other: leave one of the two out",
                one.from,
                two.from
            );
        }
    }
    Ok(())
}

/// Puts what is nearer over what is set further away, which loses what that excludes.
pub(super) fn cover(below: &mut Level, mut above: Level) {
    if !above.contains_key("error-strategy")
        && let Some(retries) = above.get("num-retries").filter(|it| !it.is("0"))
    {
        above.insert(
            "error-strategy".to_owned(),
            Value { words: vec!["retry".to_owned()], ..retries.clone() },
        );
    }
    let is_on = |key: &&str| above.get(*key).is_some_and(|it| it.is("true"));
    if !above.contains_key("json") && PRINTED.iter().any(is_on) {
        below.remove("json");
    }
    for [key, value, other] in EXCLUDES {
        if above.get(key).is_some_and(|it| it.is(value)) {
            below.remove(other);
        }
        // Not the scheduler: who rehearses with `null` must not run jobs because a text was typed. That stays an error.
        if key != "scheduler" && above.contains_key(other) && below.get(key).is_some_and(|it| it.is(value)) {
            below.remove(key);
        }
    }
    below.extend(above);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level(from: &str, values: &[(&str, &str)]) -> Level {
        let value = |word: &str| Value { words: vec![word.to_owned()], from: from.to_owned() };
        values.iter().map(|(key, word)| ((*key).to_owned(), value(word))).collect()
    }

    fn covered(below: &[(&str, &str)], above: &[(&str, &str)]) -> Vec<String> {
        let mut all = Level::new();
        cover(&mut all, level("below", below));
        cover(&mut all, level("above", above));
        all.iter().map(|(key, value)| format!("{key}={} {}", value.words[0], value.from)).collect()
    }

    #[test]
    fn the_nearer_place_wins_and_what_it_excludes_goes() {
        assert_eq!(covered(&[("forks", "1")], &[("forks", "2")]), ["forks=2 above"]);
        assert_eq!(
            covered(&[("error-strategy", "halt")], &[("num-retries", "2")]),
            ["error-strategy=retry above", "num-retries=2 above"]
        );
        assert_eq!(
            covered(&[("num-retries", "2")], &[("error-strategy", "halt")]),
            ["error-strategy=halt above", "num-retries=2 below"]
        );
        assert_eq!(
            covered(&[("error-strategy", "halt")], &[("num-retries", "0")]),
            ["error-strategy=halt below", "num-retries=0 above"]
        );
        let (strategy, halt) = ([("error-strategy", "halt")], [("halt", "soon,fail=1")]);
        assert_eq!(covered(&strategy, &halt), ["halt=soon,fail=1 above"]);
        assert_eq!(covered(&halt, &strategy), ["error-strategy=halt above"]);
        assert_eq!(
            covered(&[("prescript", "x"), ("postscript", "x")], &[("scheduler", "null")]),
            ["scheduler=null above"]
        );
        assert_eq!(
            covered(&[("scheduler", "null")], &[("prescript", "x")]),
            ["prescript=x above", "scheduler=null below"]
        );
        assert_eq!(covered(&[("retry-delay", "5")], &[]), ["retry-delay=5 below"]);
        let json = [("json", "true")];
        assert_eq!(covered(&json, &[("tag", "true")]), ["tag=true above"]);
        assert_eq!(covered(&json, &[("tag", "false")]), ["json=true below", "tag=false above"]);
        assert_eq!(covered(&[("tag", "true")], &json), ["json=true above", "tag=true below"]);
    }

    #[test]
    fn a_place_that_contradicts_itself_is_an_error() {
        let error = check(&level("here", &[("error-strategy", "halt"), ("halt", "never")])).unwrap_err();
        assert_eq!(
            error.to_string(),
            "here: `error-strategy = \"halt\"` and `halt` (here) exclude each other: leave one of the two out"
        );
        assert!(check(&level("here", &[("error-strategy", "ignore"), ("num-retries", "3")])).is_ok());
    }
}
