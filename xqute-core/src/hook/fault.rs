//! What goes wrong in a hook, and where is it told?

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::meta::HookMeta;
use super::policy::FaultPolicy;
use super::spec::BoxError;

/// What one implementation gives back to the dispatch.
pub(super) type Returned<T> = Result<T, Box<FaultCause>>;

/// Why a hook's call has no result.
#[derive(Debug)]
#[non_exhaustive]
pub enum FaultCause {
    /// It returned an error.
    Error(BoxError),
    /// It panicked, with this message.
    Panic(String),
    /// It was still waiting after its limit, and was dropped.
    TimedOut(Duration),
}

impl FaultCause {
    /// The message of a caught panic.
    pub(super) fn of_panic(payload: Box<dyn Any + Send>) -> Self {
        let message = match payload.downcast::<String>() {
            Ok(message) => *message,
            Err(payload) => match payload.downcast::<&'static str>() {
                Ok(message) => (*message).to_owned(),
                Err(payload) => {
                    // A payload of a foreign type may panic again when it is dropped, outside of every catch.
                    std::mem::forget(payload);
                    "a payload that is not text".to_owned()
                }
            },
        };
        Self::Panic(message)
    }
}

impl fmt::Display for FaultCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Error(error) => {
                write!(f, "returned an error: {error}")?;
                let mut source = error.source();
                while let Some(cause) = source {
                    write!(f, ": {cause}")?;
                    source = cause.source();
                }
                Ok(())
            }
            Self::Panic(message) => write!(f, "panicked: {message}"),
            Self::TimedOut(limit) => write!(f, "was still waiting after its limit of {limit:?}"),
        }
    }
}

/// A call of a hook that had no result: who, where, and why.
#[derive(Debug)]
pub struct Fault {
    plugin: Arc<str>,
    meta: &'static HookMeta,
    cause: FaultCause,
    policy: FaultPolicy,
    /// The cause in words, told once: an error's `Display` is the plugin's code, and may panic too.
    told: String,
}

impl Fault {
    pub(super) fn new(plugin: Arc<str>, meta: &'static HookMeta, cause: FaultCause) -> Self {
        let told = catch_unwind(AssertUnwindSafe(|| cause.to_string()));
        let told = told.unwrap_or_else(|_| "returned an error that panics when it is told".to_owned());
        Self { plugin, meta, cause, policy: FaultPolicy::default(), told }
    }

    /// Of a plugin whose faults do this.
    pub(super) fn under(self, policy: FaultPolicy) -> Self {
        Self { policy, ..self }
    }

    /// What the plugin's faults do.
    #[must_use]
    pub fn policy(&self) -> FaultPolicy {
        self.policy
    }

    /// The plugin.
    #[must_use]
    pub fn plugin(&self) -> &str {
        &self.plugin
    }

    /// The hook.
    #[must_use]
    pub fn hook(&self) -> &'static str {
        self.meta.hook
    }

    /// The source file of the hook's function.
    #[must_use]
    pub fn file(&self) -> &'static str {
        self.meta.place.file
    }

    /// The line of the hook's function, from 1.
    #[must_use]
    pub fn line(&self) -> u32 {
        self.meta.place.line
    }

    /// What happened, in words: `panicked: …`.
    #[must_use]
    pub fn what(&self) -> &str {
        &self.told
    }

    /// What happened.
    #[must_use]
    pub fn cause(&self) -> &FaultCause {
        &self.cause
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { plugin, meta, told, .. } = self;
        write!(f, "plugin `{plugin}`, hook `{}` ({}) {told}", meta.hook, meta.place)
    }
}

impl std::error::Error for Fault {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.cause {
            FaultCause::Error(error) => Some(&**error),
            FaultCause::Panic(_) | FaultCause::TimedOut(_) => None,
        }
    }
}

/// How many faults of a run are kept whole; further ones are counted only.
pub const FAULTS_KEPT: usize = 100;

/// The faults of a run, told once each, to the log where nobody else is told, and kept for its summary.
#[derive(Debug, Default)]
pub(crate) struct FaultBook {
    kept: Mutex<Vec<Arc<Fault>>>,
    notes: Mutex<Vec<String>>,
}

impl FaultBook {
    /// Takes a fault in, and tells it to the log if it `is_logged`.
    pub(super) fn record(&self, fault: Fault, is_logged: bool) -> Arc<Fault> {
        if is_logged {
            tracing::warn!(plugin = fault.plugin(), hook = fault.hook(), "{fault}");
        }
        let fault = Arc::new(fault);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < FAULTS_KEPT {
            kept.push(Arc::clone(&fault));
        }
        fault
    }

    /// The faults kept, oldest first.
    pub(crate) fn kept(&self) -> Vec<Arc<Fault>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Tells what follows from faults: to the log, and in the summary.
    pub(super) fn note(&self, text: String) {
        tracing::warn!("{text}");
        self.notes.lock().unwrap_or_else(PoisonError::into_inner).push(text);
    }

    pub(super) fn notes(&self) -> Vec<String> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
