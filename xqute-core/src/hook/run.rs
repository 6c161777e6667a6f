//! What does a plugin know of the run that it is called in? Identity, configuration, and state of its own.

use std::any::{Any, TypeId, type_name};
use std::collections::HashMap;
use std::ffi::OsString;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::Value;
use thiserror::Error;

use super::config::{self, ConfigError};
use super::directory;
use super::handle::Handle;
use super::notes::Notes;
use super::progress::Progress;
use super::secret::{Revealed, Secret, SecretError};
use super::selection::same;

/// State that cannot be set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum StateError {
    /// There is a value of this type.
    #[error("the run has a state of type `{0}` already: a plugin's state is of a type of its own, set once")]
    Taken(&'static str),
    /// The run is built.
    #[error("the state of type `{0}` came too late: call `init_state` in `on_init`")]
    Frozen(&'static str),
}

type States = HashMap<TypeId, Box<dyn Any + Send + Sync>>;

/// The run that a hook is called in.
pub struct Run {
    id: String,
    workdir: Arc<Path>,
    config: HashMap<String, Value>,
    handle: Handle,
    is_fresh: bool,
    timeout: Option<Duration>,
    growing: Mutex<States>,
    /// The plugins that have nothing to say of a job without outputs.
    about_outputs: Mutex<Vec<String>>,
    frozen: OnceLock<States>,
    /// The names of the variables that secrets are in,
    growing_withheld: Mutex<Vec<String>>,
    /// and all of them.
    withheld: OnceLock<Vec<String>>,
    notes: Notes,
}

impl Run {
    pub(crate) fn new(
        id: String,
        workdir: Arc<Path>,
        config: HashMap<String, Value>,
        handle: Handle,
    ) -> Self {
        Self {
            id,
            workdir,
            config,
            handle,
            is_fresh: false,
            timeout: None,
            growing: Mutex::default(),
            about_outputs: Mutex::default(),
            frozen: OnceLock::new(),
            growing_withheld: Mutex::default(),
            withheld: OnceLock::new(),
            notes: Notes::default(),
        }
    }

    /// With what hooks are told of how it was asked for.
    pub(crate) fn asked(self, is_fresh: bool, timeout: Option<Duration>) -> Self {
        Self { is_fresh, timeout, ..self }
    }

    /// How long an attempt may run that was given no limit of its own; `None`: for ever.
    #[must_use]
    pub fn timeout(&self) -> Option<Duration> {
        self.timeout
    }

    /// Whether what earlier runs left in the work directory is removed: [`fresh`](crate::XquteBuilder::fresh). In `on_init` it is
    /// still there.
    #[must_use]
    pub fn is_fresh(&self) -> bool {
        self.is_fresh
    }

    /// The run's own identifier: 16 hexadecimal digits that no other run has.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The work directory, absolute.
    #[must_use]
    pub fn workdir(&self) -> &Path {
        &self.workdir
    }

    pub(crate) fn shared_workdir(&self) -> Arc<Path> {
        Arc::clone(&self.workdir)
    }

    /// The configuration of a plugin, or `None` where the run has none for it. A plugin that is on all the same was selected: it takes its defaults, or
    /// says what it lacks.
    ///
    /// # Errors
    ///
    /// There is one, and it does not fit `T`.
    pub fn config<T: DeserializeOwned>(&self, plugin: &str) -> Result<Option<T>, ConfigError> {
        self.config.get(&same(plugin)).map(|value| config::read(plugin, value)).transpose()
    }

    /// Keeps a value for the hooks of this run; it is found by its type. Only in `on_init`.
    ///
    /// # Errors
    ///
    /// There is a value of this type, or the run is built.
    pub fn init_state<T: Any + Send + Sync>(&self, state: T) -> Result<(), StateError> {
        if self.frozen.get().is_some() {
            return Err(StateError::Frozen(type_name::<T>()));
        }
        let mut growing = self.growing.lock().unwrap_or_else(PoisonError::into_inner);
        if growing.contains_key(&TypeId::of::<T>()) {
            return Err(StateError::Taken(type_name::<T>()));
        }
        growing.insert(TypeId::of::<T>(), Box::new(state));
        Ok(())
    }

    /// The value that `on_init` kept, once the run is built.
    #[must_use]
    pub fn state<T: Any>(&self) -> Option<&T> {
        self.frozen.get()?.get(&TypeId::of::<T>())?.downcast_ref()
    }

    /// Fetches a secret. Only in `on_init`. What is found in an environment variable no job has from then on, not even one
    /// that is [given](crate::JobSpec::env) a variable of that name.
    ///
    /// # Errors
    ///
    /// It is not where its configuration says, others may read it there, or it is no text; or the run is built. The message
    /// says where it is looked for and what to do, and never shows a secret.
    pub fn reveal(&self, secret: &Secret) -> Result<Revealed, SecretError> {
        if self.frozen.get().is_some() {
            let why = "it was asked for too late: call `reveal` in `on_init`".to_owned();
            return Err(SecretError { place: secret.clone(), why });
        }
        if let Secret::Env(name) = secret {
            let mut withheld = self.growing_withheld.lock().unwrap_or_else(PoisonError::into_inner);
            if !withheld.contains(name) {
                withheld.push(name.clone());
            }
        }
        secret.fetch()
    }

    /// The environment variables that secrets of this run's plugins are in, once the run is built; before, none. Jobs do not have
    /// them; a plugin that starts programs of its own is to remove them as well.
    #[must_use]
    pub fn withheld(&self) -> &[String] {
        self.withheld.get().map_or(&[], Vec::as_slice)
    }

    /// The same in `on_init`: those of the secrets that have been revealed by then.
    #[must_use]
    pub fn withheld_so_far(&self) -> Vec<String> {
        match self.withheld.get() {
            Some(withheld) => withheld.clone(),
            None => self.growing_withheld.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        }
    }

    /// Takes secrets out of the variables that a job was given, and tells.
    pub(crate) fn withhold(&self, env: &mut Vec<(OsString, OsString)>) {
        let withheld = self.withheld();
        if withheld.is_empty() {
            return;
        }
        env.retain(|(name, _)| match withheld.iter().find(|it| name == it.as_str()) {
            None => true,
            Some(name) => {
                self.note(format!(
                    "no job has the variable `{name}` that it was given: a plugin's secret is in the one of that name"
                ));
                false
            }
        });
    }

    /// A directory for the files of a plugin, `DIR/plugins/NAME`, for its owner alone (0700). It is made if it is not there, and
    /// holds what earlier runs on the work directory have left, unless this one is [`fresh`](crate::XquteBuilder::fresh).
    ///
    /// # Errors
    ///
    /// It cannot be made, `plugin` is no name for a directory, or the work directory has a `plugins` that is not xqute's.
    pub fn plugin_dir(&self, plugin: &str) -> io::Result<PathBuf> {
        directory::of(&self.workdir, plugin)
    }

    /// Tells people something at the end of the run: a line of its [summary](crate::Summary::notes). Equal notes are one, and of
    /// more than a hundred only their number is told. Up to the last hook, and never of a secret.
    pub fn note(&self, text: impl AsRef<str>) {
        self.notes.add(text.as_ref());
    }

    pub(crate) fn notes(&self) -> Vec<String> {
        self.notes.all()
    }

    /// Says that a plugin's hooks about jobs have nothing to do for a job without declared outputs
    /// ([`JobSpec::output`](crate::JobSpec::output)): where no other plugin has that hook too, they are not called for such a job,
    /// which then costs no more than it does without the plugin. Its `on_job_submitting` may be called for a short job while those
    /// before it still run, as it may be handed over ahead of its turn. Only in `on_init`: later it changes nothing.
    pub fn only_with_outputs(&self, plugin: &str) {
        self.about_outputs.lock().unwrap_or_else(PoisonError::into_inner).push(same(plugin));
    }

    /// Whether a plugin has said so.
    pub(crate) fn is_only_with_outputs(&self, plugin: &str) -> bool {
        self.about_outputs.lock().unwrap_or_else(PoisonError::into_inner).contains(&same(plugin))
    }

    /// What a hook may do to the run.
    #[must_use]
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// How far the run is, now. It costs two short locks, and the run nothing: ask as often as somebody looks.
    ///
    /// ```no_run
    /// # use xqute_core as xqute;
    /// # fn f(xqute: &xqute::Xqute) {
    /// let now = xqute.run().progress();
    /// println!("{} of {} jobs have ended, {} run", now.counts.total(), now.fed, now.live);
    /// # }
    /// ```
    #[must_use]
    pub fn progress(&self) -> Progress {
        self.handle.0.progress()
    }

    /// Every `on_init` has returned: what they kept can be read, without a lock, and no more is kept.
    pub(crate) fn freeze(&self) {
        let withheld =
            std::mem::take(&mut *self.growing_withheld.lock().unwrap_or_else(PoisonError::into_inner));
        let _ = self.withheld.set(withheld);
        let states = std::mem::take(&mut *self.growing.lock().unwrap_or_else(PoisonError::into_inner));
        // A second call finds it frozen, and there was nothing to add.
        let _ = self.frozen.set(states);
    }
}

/// Without configuration and state, which may hold secrets.
impl fmt::Debug for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Run").field("id", &self.id).field("workdir", &self.workdir).finish_non_exhaustive()
    }
}
