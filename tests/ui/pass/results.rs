//! Results of every type that a hook may return.
#![forbid(unsafe_code)]

use std::borrow::Cow;
use std::error::Error;

use xqute::{Submit, Text, Verdict, hook};

xqute::plugin!();

/// As `anyhow::Error` is: no error itself, but what becomes one.
struct Anyhow(String);

impl From<Anyhow> for Box<dyn Error + Send + Sync> {
    fn from(error: Anyhow) -> Self {
        error.0.into()
    }
}

type Answer<T> = Result<T, Anyhow>;

/// A module for each, with a hook of this name that returns this value of this type.
macro_rules! returns {
    ($($hook:ident: $($module:ident $ty:ty = $value:expr),+;)*) => {$($(
        mod $module {
            #[allow(unused_imports, reason = "some need them")]
            use super::*;
            #[hook]
            fn $hook() -> $ty {
                $value
            }
        }
    )+)*};
}

returns! {
    on_init:
        nothing () = (),
        nothing_or_text Result<(), String> = Ok(()),
        nothing_or_static Result<(), &'static str> = Ok(()),
        nothing_or_box Result<(), Box<dyn Error + Send + Sync>> = Ok(()),
        nothing_or_io std::io::Result<()> = Ok(()),
        nothing_or_never Result<(), std::convert::Infallible> = Ok(()),
        nothing_or_any Answer<()> = Err(Anyhow(String::new()));
    on_shutdown:
        verdict Verdict = Verdict::Proceed,
        verdict_nothing () = (),
        verdict_bool bool = true,
        verdict_maybe Option<bool> = None,
        verdict_or Result<Verdict, String> = Ok(Verdict::Proceed),
        verdict_bool_or Answer<bool> = Ok(true),
        verdict_maybe_or Answer<Option<bool>> = Ok(None),
        verdict_twice Result<Result<Option<bool>, String>, Anyhow> = Ok(Ok(Some(false)));
    on_job_submitting:
        submit Submit = Submit::Proceed,
        submit_verdict Verdict = Verdict::Proceed,
        submit_nothing () = (),
        submit_bool bool = true,
        submit_maybe Option<bool> = None,
        submit_or Answer<Submit> = Ok(Submit::Proceed),
        submit_maybe_or Answer<Option<bool>> = Ok(None);
    on_jobcmd_prep:
        text Text = Text::NONE,
        text_nothing () = (),
        text_static &'static str = "",
        text_owned String = String::new(),
        text_cow Cow<'static, str> = Cow::Borrowed(""),
        text_maybe Option<String> = None,
        text_maybe_static Option<&'static str> = None,
        text_or Answer<String> = Ok(String::new()),
        text_maybe_or Answer<Option<&'static str>> = Ok(None);
}

fn main() {
    let set = xqute::PluginSet::builder().build().unwrap();
    let hooks: usize = set.plugins().iter().map(|it| it.hooks.len()).sum();
    assert_eq!(hooks, 31);
}
