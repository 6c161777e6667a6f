//! Which command runs at which hook?

use std::num::NonZeroUsize;
use std::time::Duration;

use xqute::Hooks;
use xqute::units::Time;

use crate::filter::Filter;

/// The configuration of `exec`: at least one command.
#[xqute::config]
#[derive(Debug, Clone)]
pub struct ExecConfig {
    /// The commands: `[[plugins.exec.on]]`. Those of one hook run one after the other, in their order.
    pub on: Vec<On>,
    /// How long a command may run, then it is killed. Default: 30 s.
    pub timeout: Time,
    /// How many commands of this run may run at once, those of all hooks together. Default: as many as there are processors.
    pub at_once: Option<NonZeroUsize>,
}

impl Default for ExecConfig {
    fn default() -> Self {
        Self { on: Vec::new(), timeout: Time::secs(30), at_once: None }
    }
}

/// A command and its hook.
#[xqute::config]
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct On {
    /// The hook, as `"on_job_failed"`. Must be given.
    pub hook: String,
    /// The program and its arguments; with `shell` a text. Must be given.
    pub command: Words,
    /// Whether `command` is a text that `sh` reads. Default: `false`.
    pub shell: bool,
    /// Of which jobs. Default: all.
    pub filter: Filter,
    /// How long this command may run. Default: what the plugin's `timeout` says.
    pub timeout: Option<Time>,
    /// Environment variables with secrets of plugins that this command is given all the same. Default: none.
    pub secrets: Vec<String>,
}

/// A command in the configuration.
#[xqute::config]
#[derive(Debug, Clone, PartialEq, Eq)]
#[serde(untagged, expecting = "`command` is a list of words, or with `shell = true` a text")]
pub enum Words {
    /// For a shell.
    Text(String),
    /// A program and its arguments.
    List(Vec<String>),
}

impl Default for Words {
    fn default() -> Self {
        Self::List(Vec::new())
    }
}

impl ExecConfig {
    pub(super) fn check(&self) -> Result<(), String> {
        if self.on.is_empty() {
            return Err(
                "plugin `exec` has no command: write `[[plugins.exec.on]]`, and below it `hook` and `command`".to_owned()
            );
        }
        if self.timeout.0.is_zero() {
            return Err("the `timeout` of plugin `exec` is 0, which no command keeps".to_owned());
        }
        self.on.iter().enumerate().try_for_each(|(at, on)| {
            on.check()
                .map_err(|why| format!("command {} of plugin `exec` (`[[plugins.exec.on]]`) {why}", at + 1))
        })
    }
}

impl On {
    fn check(&self) -> Result<(), String> {
        if self.hook.is_empty() {
            return Err("has no `hook`: say when it runs, as `hook = \"on_job_failed\"`".to_owned());
        }
        if !Hooks::NAMES.contains(&&*self.hook) {
            return Err(format!("is for `{}`, which is no hook{}", self.hook, meant(&self.hook)));
        }
        if !self.is_about_a_job() && !self.filter.is_every_job() {
            return Err(format!("has a `filter`, but `{}` is about no job: leave it out", self.hook));
        }
        if self.timeout.is_some_and(|it| it.0.is_zero()) {
            return Err("has a `timeout` of 0, which no command keeps".to_owned());
        }
        match (&self.command, self.shell) {
            (Words::Text(_), false) => {
                Err("has a text as `command`: write a list, as `[\"./tell.sh\", \"now\"]`, or `shell = true` below it".to_owned())
            }
            (Words::List(_), true) => Err("has a list as `command`: for `shell = true` write a text".to_owned()),
            _ if self.words().first().is_none_or(String::is_empty) => {
                Err("has no `command`: its first word is the program to run".to_owned())
            }
            _ if self.words().iter().any(|it| it.contains('\0')) => {
                Err("has a NUL character in its `command`, which no program is given".to_owned())
            }
            _ => Ok(()),
        }
    }

    fn is_about_a_job(&self) -> bool {
        self.hook.starts_with("on_job")
    }

    /// The program and its arguments; none where nothing is said.
    pub(super) fn words(&self) -> Vec<String> {
        match &self.command {
            Words::Text(text) if text.trim().is_empty() => Vec::new(),
            Words::Text(text) => vec!["sh".to_owned(), "-c".to_owned(), text.clone()],
            Words::List(words) => words.clone(),
        }
    }

    /// As messages name it.
    pub(super) fn told(&self) -> String {
        let whole = match &self.command {
            Words::Text(text) => text.clone(),
            Words::List(words) => words.join(" "),
        };
        super::line(&whole, 80)
    }

    pub(super) fn limit(&self, config: &ExecConfig) -> Duration {
        self.timeout.unwrap_or(config.timeout).0
    }
}

/// The hook whose name is nearest, or all.
fn meant(name: &str) -> String {
    let near = Hooks::NAMES.iter().map(|it| (strsim::osa_distance(name, it), it)).min();
    match near {
        Some((distance, near)) if distance <= 1 + name.len() / 4 => format!(": did you mean `{near}`?"),
        _ => format!("; hooks are {}", Hooks::NAMES.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(toml: &str) -> String {
        toml::from_str::<ExecConfig>(toml).unwrap().check().unwrap_err()
    }

    #[test]
    fn a_command_is_a_list_or_a_text_for_a_shell() {
        let config: ExecConfig = toml::from_str(
            "[[on]]\nhook = 'on_job_failed'\ncommand = ['a', 'b c']\n[[on]]\nhook = 'on_run_done'\ncommand = 'a | b'\nshell = true\ntimeout = '2m'",
        )
        .unwrap();
        assert_eq!(config.check(), Ok(()));
        assert_eq!(config.on[0].words(), ["a", "b c"]);
        assert_eq!(config.on[1].words(), ["sh", "-c", "a | b"]);
        let limits: Vec<_> = config.on.iter().map(|it| it.limit(&config).as_secs()).collect();
        assert_eq!(limits, [30, 120]);
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        let on = |text: &str| refused(&format!("[[on]]\nhook = 'on_job_failed'\n{text}"));
        assert!(refused("").contains("[[plugins.exec.on]]"));
        assert!(refused("[[on]]\ncommand = ['a']").contains("has no `hook`"));
        assert!(refused("[[on]]\nhook = 'on_job_fail'").ends_with("no hook: did you mean `on_job_failed`?"));
        assert!(refused("[[on]]\nhook = 'end'").contains("hooks are on_init, "));
        assert!(refused("[[on]]\nhook = 'on_run_done'\nfilter = { tag = 'a' }").contains("about no job"));
        assert!(on("").contains("has no `command`") && on("command = ['']").contains("has no `command`"));
        assert!(on("command = ' '\nshell = true").contains("has no `command`"));
        assert!(on("command = 'a b'").contains("write a list"));
        assert!(on("command = ['a']\nshell = true").contains("write a text"));
        assert!(on("command = ['a', \"\\u0000\"]").contains("NUL"));
        assert!(on("command = ['a']\ntimeout = 0").contains("no command keeps"));
        assert!(
            toml::from_str::<ExecConfig>("[[on]]\ncommand = 5")
                .unwrap_err()
                .to_string()
                .contains("a list of words")
        );
    }
}
