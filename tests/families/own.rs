//! Can a crate declare a family and implement it? For itself alone, and before it declares it.

use xqute::{PluginSet, Text, Verdict, hook};

xqute::plugin!(name = "own");

// Above the family that it is of.
#[hook(BatchHooks)]
fn on_batch(sizes: &[usize]) -> Option<usize> {
    sizes.iter().copied().max()
}

/// The hooks of a batch.
#[xqute::hookspec(path = crate::own)]
pub(crate) trait BatchHooks {
    /// How many at once.
    #[first]
    fn on_batch(sizes: &[usize]) -> Option<usize>;
    /// What to say of it, where the name and the arguments are no names of Rust.
    #[each]
    async fn r#match(r#type: &str, _internal: u8) -> Text;
    /// The lifetime is in a type.
    #[veto]
    fn on_steps(steps: Steps<'_>, rest: (&str, &[&str])) -> Verdict;
}

#[derive(Clone, Copy)]
pub(crate) struct Steps<'a>(&'a [&'a str]);

#[hook(BatchHooks)]
async fn r#match(r#type: &str, _internal: u8) -> String {
    format!("{type} {_internal}")
}

#[hook(BatchHooks, name = r#match, priority = 1)]
async fn of_no_type(_type: &str) {}

#[hook(crate::own::BatchHooks)]
fn on_steps(rest: (&str, &[&str]), steps: Steps<'_>) -> bool {
    steps.0.first() == Some(&rest.0) && rest.1.is_empty()
}

/// A family that only this module can see, and one that its parent can: as the types of their arguments.
mod private {
    use super::{PluginSet, hook};

    #[derive(Clone, Copy)]
    struct Times(u32);

    #[xqute::hookspec(path = crate::own::private)]
    trait Secret {
        #[each]
        fn on_secret(times: Times) -> u32;
    }

    #[hook(Secret)]
    fn on_secret(times: Times) -> u32 {
        times.0 + 1
    }

    #[derive(Clone, Copy)]
    pub(super) struct Sum(pub(super) u32);

    #[xqute::hookspec(path = crate::own::private)]
    pub(super) trait Confided {
        #[each]
        fn on_sum(sum: Sum) -> Sum;
    }

    #[hook(Confided)]
    fn on_sum(sum: Sum) -> Sum {
        Sum(sum.0 * 2)
    }

    pub(super) fn told(set: &PluginSet) -> u32 {
        let mut sum = 0;
        Secret::build(set).on_secret(Times(4), |_, it| sum += it);
        sum
    }
}

fn set() -> PluginSet {
    PluginSet::builder().select(["own"]).build().expect("the plugin is linked")
}

#[test]
fn a_family_and_its_hook_are_in_one_module() {
    let hooks = BatchHooks::build(&set());
    assert_eq!(hooks.on_batch(&[1, 3, 2]).unwrap().value, Some(3));
    assert!(hooks.on_batch(&[]).is_none());
}

#[test]
fn a_family_is_as_visible_as_its_trait() {
    assert_eq!(private::told(&set()), 5);
    let mut sum = 0;
    private::Confided::build(&set()).on_sum(private::Sum(3), |_, it| sum = it.0);
    assert_eq!(sum, 6);
}

#[test]
fn references_may_be_inside_of_types() {
    let hooks = BatchHooks::build(&set());
    let text = String::from("a");
    assert!(hooks.on_steps(Steps(&[&text]), (&text, &[])).is_none());
    assert!(hooks.on_steps(Steps(&[&text]), (&text, &["b"])).is_some());
}

#[tokio::test]
async fn names_may_be_keywords() {
    let mut told = Vec::new();
    BatchHooks::build(&set()).r#match("batch", 9, |_, text| told.push(text)).await;
    assert_eq!(told, [Text::from("batch 9".to_owned()), Text::NONE]);
    let plugins = set().plugins();
    assert!(plugins[0].hooks.iter().any(|it| it.hook == "match" && it.function == "of_no_type"));
}
