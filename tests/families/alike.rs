//! Do two families of one name keep apart? In two modules of a crate, with hooks of one name.

use xqute::PluginSet;

macro_rules! family {
    ($module:ident: $priority:literal) => {
        pub(crate) mod $module {
            xqute::plugin!();

            /// One of two.
            #[xqute::hookspec(path = crate::alike::$module)]
            pub(crate) trait StepHooks {
                /// Says which it is.
                #[each]
                fn on_step(step: u8) -> &'static str;
            }

            #[xqute::hook(StepHooks, priority = $priority)]
            fn on_step(step: u8) -> &'static str {
                assert_eq!(step, $priority);
                stringify!($module)
            }
        }
    };
}
family!(left: 1);
family!(right: 2);

mod third {
    xqute::plugin!(priority = 3);

    use super::left;

    #[xqute::hook(left::StepHooks)]
    #[xqute::hook(name = on_step, crate::alike::right::StepHooks)]
    fn on_step() -> &'static str {
        "third"
    }
}

#[test]
fn each_calls_its_own() {
    let set = PluginSet::builder().select(["right", "left", "third"]).build().unwrap();
    let mut said = Vec::new();
    left::StepHooks::build(&set).on_step(1, |plugin, it| said.push(format!("{plugin} {it}")));
    right::StepHooks::build(&set).on_step(2, |plugin, it| said.push(format!("{plugin} {it}")));
    assert_eq!(said, ["left left", "third third", "right right", "third third"]);
}
