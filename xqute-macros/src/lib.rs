//! The attributes and macros of xqute. Use them through the facade, `xqute`, where they are documented.

mod condition;
mod config;
mod errors;
mod family;
mod hook;
mod lifetimes;
mod link;
mod linked;
mod manifest;
mod names;
mod options;
mod place;
mod plugin;
mod register;
mod slices;
mod spec;
mod suggest;

use proc_macro::TokenStream;

/// Makes a free function an implementation of a hook.
///
/// The function is the hook of its name, and is left as it is: it can be called and tested as any other. It belongs to
/// the plugin of its module, or of the nearest module around it, that has `xqute::plugin!()`.
///
/// ```ignore
/// use xqute::{Job, Scheduler, Submit, hook};
///
/// xqute::plugin!();
///
/// #[hook]
/// async fn on_job_failed(job: &Job) {
///     tracing::error!("job {} failed", job.index());
/// }
///
/// #[hook(name = on_job_submitting, priority = -10)]
/// async fn weekdays_only(scheduler: &Scheduler, job: &Job) -> Result<Submit, CalendarError> {
///     Ok(if is_weekday()? { Submit::Proceed } else { Submit::veto("it is Sunday") })
/// }
/// ```
///
/// # Options
///
/// - `name = on_job_failed`: the hook, where the function has another name. So a module can implement a hook twice.
/// - `priority = n`: a whole number or a constant. Smaller is called first. Default: the plugin's, which is 0 unless
///   `plugin!` says otherwise. Of one priority, plugins are called in the order of the run, and the hooks of one plugin
///   in the order of file, line and column: the same in every build.
/// - `before = "slack"`, `after = ["a", "b"]`: the plugins whose implementations of this hook are called after, or before, this one,
///   whatever the priorities. Who is not in the run is not waited for; a circle is an error of `build()` that tells its path.
/// - `some::path::Family`: another family than the engine's, see `#[hookspec]`.
/// - `crate = path`: the facade, where it is not `::xqute`. Not beside the path of a family, which knows its own.
///
/// # Arguments
///
/// They are matched **by name**, in any order, and a hook takes only those that it needs. An underscore before the name
/// is allowed: `_job`. The types are the hook's, with references written plainly: `job: &Job`, without a lifetime.
///
/// # Result
///
/// What the hook returns, or what converts into it:
///
/// | result of the hook | a function may return |
/// | --- | --- |
/// | nothing | nothing |
/// | `Verdict` | `Verdict`; nothing (proceed); `bool` (`false` vetoes); `Option<bool>` (`Some(false)` vetoes) |
/// | `Submit` | `Submit`; whatever a `Verdict` converts from |
/// | `Text` | `Text`; nothing; `String`, `&'static str`, `Cow<'static, str>`; `Option` of the first two |
/// | any other type | that type |
///
/// And a `Result` of each, whose error is whatever `?` converts into a boxed error. An error or a panic is counted, and
/// told with plugin, hook, file and line. A hook that only observes is passed over; one that decides or writes script
/// fails its job.
///
/// # What a hook may be
///
/// A hook that is async may be implemented by a plain `fn`; one that is synchronous not by an `async fn`. The function
/// is free (no `self`), not generic, not `unsafe`, `const` or `extern`, and its future is `Send`. A `#[cfg(…)]` above or
/// below the attribute holds for both.
#[proc_macro_attribute]
pub fn hook(options: TokenStream, item: TokenStream) -> TokenStream {
    hook::expand(options.into(), item.into()).into()
}

/// Declares a family of hooks: each function of the trait is a hook, and the trait's name is the family's.
///
/// The engine's own `xqute::Hooks` is declared with it; a framework on top of xqute declares more, for its own moments.
///
/// ```ignore
/// // pipelines/src/hooks.rs
/// #[xqute::hookspec(path = crate::hooks)]
/// pub trait PipeHooks {
///     /// A stage is about to begin.
///     async fn on_stage(stage: &Stage);
///     /// May the stage begin? The first that says anything decides.
///     #[first]
///     fn may_begin(stage: &Stage) -> Option<bool>;
/// }
///
/// // A plugin, anywhere:
/// #[xqute::hook(pipelines::PipeHooks)]
/// async fn on_stage(stage: &Stage) { /* … */ }
///
/// // And the framework, where it happens. `plugins` is the run's `PluginSet`.
/// let hooks = PipeHooks::build(&plugins);
/// let answer = hooks.may_begin(&stage).map(|said| said.value);
/// hooks.on_stage(&stage).await;
/// ```
///
/// The trait itself goes: in its place stands a struct with `build(&PluginSet)`, which freezes and sorts the tables once;
/// a method per hook, with its arguments, that calls all implementations in their order; and `has_…` per hook, which
/// says whether there are any. It can be re-exported alone, under the same name: plugins name it where they find it.
///
/// # Options
///
/// - `path = crate::module`: the module that the family is declared in, or one that re-exports all of it. Default:
///   `crate`, the root. Who can name the family must be able to name this module: a public family needs a public one.
/// - `crate = path`: the facade, where it is not `::xqute`.
///
/// # Hooks
///
/// A hook is a function without a body, `async` or not, with plainly named arguments, all of them `Copy` as references
/// are, and references without a lifetime. Attributes say how the results of its implementations are collected:
///
/// | attribute | the method returns |
/// | --- | --- |
/// | `#[all]`, the default | nothing: all are called; the hook has no result |
/// | `#[first]` | `Option<Said<T>>`: the first result that does not abstain (`None`, `Proceed`), and whose it is |
/// | `#[veto]` | `Option<Said<Cow<'static, str>>>`: the reason of the first veto; the hook's result is a `Verdict` |
/// | `#[each]` | nothing: each result is handed to a closure, the method's last argument, with the plugin's name |
///
/// After the one that decides the rest are not called. An implementation that fails is passed over; with `#[gate]` beside
/// the mode it ends the call, and the method returns a `Result` whose error is that fault. With `#[faults]` beside it the method returns a pair:
/// the mode's result, and the first fault of a plugin whose `FaultPolicy` is `FailJob` or `Halt`, for the caller to act on.
///
/// Documentation and lint attributes of a hook go to its method.
#[proc_macro_attribute]
pub fn hookspec(options: TokenStream, item: TokenStream) -> TokenStream {
    family::expand(options.into(), item.into()).into()
}

/// Links the plugins of the package's `Cargo.toml`: with it, depending on a plugin is enough.
///
/// Without it, a crate that is only a dependency is **absent** from the program, silently: cargo builds it, but the linker
/// takes in only what some code names. This macro names each plugin, with an `extern crate`. It stands once, outside of
/// functions, in the crate that becomes a program (`main.rs`), and is written out there, not made by another macro.
///
/// ```ignore
/// xqute::link_plugins!();
/// ```
///
/// # What is a plugin
///
/// Every dependency whose package is named `xqute-plugin-…`, and every one that is listed, by the name of its package or
/// of the dependency:
///
/// ```toml
/// [dependencies]
/// xqute = "0.1"
/// xqute-plugin-slack = "1"
/// our-audit = { path = "../audit" }
///
/// [package.metadata.xqute]
/// plugins = ["our-audit"]
/// ```
///
/// A listed name that is no dependency is an error of the build. A plugin that brought no hook into the program is an
/// error when a run is built; a crate that has no hook, but links plugins with this macro, brings theirs.
///
/// # When it is linked
///
/// Exactly where cargo builds it:
///
/// - a renamed dependency, and one that is inherited from the workspace, under its name here;
/// - an optional one with any feature that turns it on;
/// - one under `[target.….dependencies]` on that target (of triples, the common ones; else it is an error that asks
///   for a `cfg(…)`);
/// - a dev-dependency in tests, examples and benches, that is, where the macro stands in a file of theirs, and with
///   `#[cfg(test)]` elsewhere;
/// - a build-dependency never.
///
/// A plugin whose library has another name than its package (`[lib] name`) must be renamed, because the manifest that is
/// read here does not tell that name: `its = { package = "xqute-plugin-its", … }`.
///
/// # The order of calls
///
/// Of one priority, plugins are called in the manifest's order, unless the run says otherwise. Publishing a package sorts
/// its dependencies by name: a program that others install from a registry, and that depends on the order, says it with
/// `plugins![]` or with priorities.
///
/// # Options
///
/// - `crate = path`: the facade, where the package has it from another crate. A renamed dependency on it is found.
#[proc_macro]
pub fn link_plugins(options: TokenStream) -> TokenStream {
    link::expand(options.into()).into()
}

/// Makes a struct or an enum a type that a plugin is configured with, and so what stands in it.
///
/// The plugin names it in `plugin!(config = Type)`, and finds its value with `Run::config`. Then a run is not built whose
/// configuration of the plugin does not fit, and `xqute plugins show NAME` tells each key with its type, default and documentation: the
/// `///` above it.
///
/// ```ignore
/// xqute::plugin!(name = "greeter", enabled = false, config = GreeterConfig);
///
/// /// Greets for each job that has succeeded.
/// #[xqute::config]
/// #[derive(Debug, Default)]
/// pub struct GreeterConfig {
///     /// What it says. Empty: nothing.
///     pub greeting: String,
/// }
///
/// #[hook]
/// fn on_init(run: &Run) -> Result<(), BoxError> {
///     Ok(run.init_state(run.config::<GreeterConfig>("greeter")?.unwrap_or_default())?)
/// }
/// ```
///
/// It derives serde's `Serialize` and `Deserialize`, and the description, through the facade: the plugin's `Cargo.toml` needs none of
/// those crates. Attributes of serde may stand below it (`#[serde(rename_all = "lowercase")]`). A key that the type does not have is an
/// error, and a key that is left out has the value of the type's `Default`.
///
/// The type of each key is a number, a text, `bool`, a path, `Secret`, a list, map or `Option` of these, or a type that has this attribute, too.
/// A type that reads itself says in a word what it is: `config_word!`.
///
/// # Options
///
/// - `default = false`: keys must be given, unless they are `Option`s or have `#[serde(default)]`; the type needs no `Default`.
/// - `crate = path`: the facade, where it is not `::xqute`.
#[proc_macro_attribute]
pub fn config(options: TokenStream, item: TokenStream) -> TokenStream {
    config::expand(options.into(), item.into()).into()
}

/// What describes a type, where nobody is to be told: nothing.
#[doc(hidden)]
#[proc_macro_derive(Described, attributes(schemars))]
pub fn described(_: TokenStream) -> TokenStream {
    TokenStream::new()
}

/// The second step of [`hook`](macro@hook): called by the macro of a family, which knows its hooks.
#[doc(hidden)]
#[proc_macro]
pub fn register(input: TokenStream) -> TokenStream {
    register::expand(input.into()).into()
}

/// The body of `plugin!`: called by the macro of that name, which knows where the core is.
#[doc(hidden)]
#[proc_macro]
pub fn plugin(input: TokenStream) -> TokenStream {
    plugin::expand(input.into()).into()
}

/// The body of `plugins![]`: called by the macro of that name, which knows where the core is.
#[doc(hidden)]
#[proc_macro]
pub fn plugins(input: TokenStream) -> TokenStream {
    plugin::list(input.into()).into()
}

/// Declares distributed slices under names that no other crate or version can have.
#[doc(hidden)]
#[proc_macro]
pub fn slices(input: TokenStream) -> TokenStream {
    slices::expand(input.into()).into()
}
