//! Does a filter mean the jobs that it names, and no others?

use std::ffi::OsString;

use proptest::prelude::*;
use serde_json::{Value, from_value, json, to_value};

use super::*;

/// A job, as a filter sees it.
#[derive(Debug, Clone, Default)]
struct Made {
    index: usize,
    name: Option<String>,
    tags: Vec<String>,
    env: Vec<(OsString, OsString)>,
}

impl Made {
    fn is_taken(&self, filter: &Filter) -> bool {
        let value = |name: &OsStr| self.env.iter().find(|it| it.0 == name).map(|it| &*it.1);
        let tags = |globs: &Globs| self.tags.iter().any(|it| globs.have(it));
        filter.takes(&Facts { index: self.index, name: self.name.as_deref(), tags: &tags, env: &value })
    }
}

fn filter(config: Value) -> Filter {
    from_value(config).unwrap()
}

fn refused(config: Value) -> String {
    from_value::<Filter>(config).unwrap_err().to_string()
}

#[test]
fn indices_are_one_or_a_range() {
    assert_eq!((indices("3"), indices("0-3"), indices("7-7")), (Ok(3..=3), Ok(0..=3), Ok(7..=7)));
    for wrong in ["", "-", "3-", "-3", "3-2", "a", "1,2", " 1", "+1", "99999999999999999999"] {
        assert!(indices(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn all_that_is_said_has_to_be_true() {
    let job = Made {
        index: 7,
        name: Some("train-a".into()),
        tags: vec!["gpu".into(), "long".into()],
        env: vec![("MODE".into(), "fast".into())],
    };
    let taken = |config: Value| job.is_taken(&filter(config));
    assert!(taken(json!({})) && filter(json!({})).is_every_job());
    assert!(taken(json!({ "index": "3,7-9", "name": "train-*", "tag": "gpu", "env": { "MODE": "fa?t" } })));
    assert!(taken(json!({ "index": 7, "tag": ["cpu", "lon*"], "name": ["x", "train-[abc]"] })));
    for wrong in [
        json!({ "index": "8-9", "name": "train-*" }),
        json!({ "index": "7", "name": "train" }),
        json!({ "tag": "cpu" }),
        json!({ "env": { "MODE": "slow" } }),
        json!({ "env": { "MODE": "fast", "OTHER": "*" } }),
        json!({ "not": { "tag": "gpu" } }),
        json!({ "index": 7, "not": { "name": "train-*", "index": "0-10" } }),
    ] {
        assert!(!taken(wrong.clone()), "{wrong}");
    }
    assert!(taken(json!({ "not": { "tag": "gpu", "index": 8 } })));
    assert!(taken(json!({ "not": { "not": { "tag": "gpu" } } })));
}

#[test]
fn a_job_without_a_name_a_tag_or_a_variable_has_none_that_is_asked_for() {
    let job = Made::default();
    for any in [json!({ "name": "*" }), json!({ "tag": "*" }), json!({ "env": { "A": "*" } })] {
        assert!(!job.is_taken(&filter(any.clone())), "{any}");
        assert!(job.is_taken(&filter(json!({ "not": any }))));
    }
}

#[test]
fn what_cannot_be_meant_is_refused() {
    for (config, why) in [
        (json!({ "indexes": "3" }), "unknown field `indexes`"),
        (json!({ "index": "3-" }), "`3-`: write the index of a job"),
        (json!({ "index": "" }), "write the index of a job"),
        (json!({ "index": -1 }), "write the index of a job"),
        (json!({ "index": true }), "as `3,7-9`"),
        (json!({ "name": "a[b" }), "`a[b` is no pattern"),
        (json!({ "name": "a[z-a]" }), "a range in it is empty"),
        (json!({ "name": "a\\" }), "nothing stands behind"),
        (json!({ "tag": [] }), "a list of them that is not empty"),
        (json!({ "tag": 5 }), "a pattern as `train-*`"),
        (json!({ "not": {} }), "excepts every job"),
    ] {
        let told = refused(config.clone());
        assert!(told.contains(why), "{config}: {told}");
    }
}

#[test]
fn a_pattern_has_sets_and_backslashes() {
    let like = |glob: &str, text: &str| glob.parse::<Glob>().unwrap().is_like(text);
    for (glob, text) in [
        ("", ""),
        ("*", ""),
        ("**", "a"),
        ("a*b*c", "aXbbYc"),
        ("?", "é"),
        ("[]x]", "]"),
        ("[a-]", "-"),
        ("[!a-c]", "d"),
        ("[\\]a]", "]"),
        ("\\*", "*"),
        ("[a-cx]z", "xz"),
    ] {
        assert!(like(glob, text), "{glob} {text}");
    }
    for (glob, text) in [("", "a"), ("?", ""), ("[!a-c]", "b"), ("\\*", "a"), ("a*b", "abc"), ("A", "a")] {
        assert!(!like(glob, text), "{glob} {text}");
    }
    let long = "a".repeat(2000);
    assert!(!like("*a*a*a*a*a*a*a*a*b", &long), "and in time");
}

/// The same, written as it is defined.
fn is_like(glob: &[char], text: &[char]) -> bool {
    match (glob.split_first(), text.split_first()) {
        (None, None) => true,
        (Some(('*', behind)), _) => (0..=text.len()).any(|at| is_like(behind, &text[at..])),
        (Some(('?', glob)), Some((_, text))) => is_like(glob, text),
        (Some((a, glob)), Some((b, text))) => a == b && is_like(glob, text),
        _ => false,
    }
}

proptest! {
    #[test]
    fn a_pattern_is_what_its_definition_says(glob in "[ab*?é]{0,8}", text in "[abé]{0,10}") {
        let chars = |it: &str| it.chars().collect::<Vec<_>>();
        let is = glob.parse::<Glob>().unwrap().is_like(&text);
        prop_assert_eq!(is, is_like(&chars(&glob), &chars(&text)));
    }

    #[test]
    fn a_text_with_backslashes_is_like_itself_alone(text in ".{0,8}", other in ".{0,8}") {
        let quoted: String = text.chars().flat_map(|it| ['\\', it]).collect();
        let glob: Glob = quoted.parse().unwrap();
        prop_assert!(glob.is_like(&text));
        prop_assert_eq!(glob.is_like(&other), text == other);
    }

    #[test]
    fn any_pattern_is_read_or_refused(text in "[\\[\\]a\\-!*\\\\?]{0,10}|.{0,8}") {
        if let Ok(glob) = text.parse::<Glob>() {
            let _ = glob.is_like("a-b]");
            prop_assert_eq!(glob.to_string(), text);
        }
    }

    #[test]
    fn indices_are_those_of_the_ranges(ranges in prop::collection::vec((0_usize..60, 0_usize..8), 1..8)) {
        let text: Vec<String> = ranges.iter().map(|(first, more)| match more {
            0 => first.to_string(),
            more => format!("{first}-{}", first + more),
        }).collect();
        let indices: Indices = text.join(",").parse().unwrap();
        for index in 0..80 {
            let wanted = ranges.iter().any(|(first, more)| (*first..=first + more).contains(&index));
            prop_assert_eq!(indices.contains(index), wanted, "{} in {:?}", index, ranges);
        }
        prop_assert_eq!(indices.to_string().parse::<Indices>(), Ok(indices));
    }

    #[test]
    fn not_is_the_opposite_and_what_is_written_is_read_again(
        index in 0_usize..4, name in prop::option::of("[ab]{1,2}"), tags in prop::collection::vec("[ab]", 0..3),
        of in prop::option::of("[0-3]"), called in prop::option::of("[ab*?]{1,2}"), tagged in prop::option::of("[ab*]"),
    ) {
        let job = Made { index, name, tags, env: Vec::new() };
        let mut said = serde_json::Map::new();
        for (key, value) in [("index", of), ("name", called), ("tag", tagged)] {
            if let Some(value) = value {
                said.insert(key.into(), value.into());
            }
        }
        prop_assume!(!said.is_empty());
        let (is, not) = (filter(said.clone().into()), filter(json!({ "not": said })));
        prop_assert_ne!(job.is_taken(&is), job.is_taken(&not));
        prop_assert_eq!(filter(to_value(&not).unwrap()), not);
        prop_assert_eq!(filter(to_value(&is).unwrap()), is);
    }
}
