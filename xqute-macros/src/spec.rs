//! What does a family declare? The trait under `#[hookspec]`, read and checked.

use proc_macro2::{Ident, Span};
use quote::format_ident;
use syn::spanned::Spanned;
use syn::{Attribute, Error, FnArg, ItemTrait, Meta, Pat, Result, ReturnType, TraitItem, TraitItemFn, Type};

use crate::suggest::{did_you_mean, list};
use crate::{errors, lifetimes};

/// How results are collected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    All,
    First,
    Veto,
    Each,
}

const MODES: [(&str, Mode); 4] =
    [("all", Mode::All), ("first", Mode::First), ("veto", Mode::Veto), ("each", Mode::Each)];

/// What may stand beside a mode.
const AROUND: [&str; 2] = ["gate", "faults"];

/// One hook of a family.
pub(crate) struct Hook {
    /// Its documentation and lint attributes.
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) is_async: bool,
    pub(crate) name: Ident,
    pub(crate) args: Vec<(Ident, Type)>,
    pub(crate) output: Option<Type>,
    pub(crate) mode: Mode,
    /// A broken implementation ends the dispatch as an error.
    pub(crate) gate: bool,
    /// The first fault that is to have consequences is told beside the result.
    pub(crate) faults: bool,
}

/// Reads every hook of the trait; all mistakes are told at once.
pub(crate) fn read(item: &ItemTrait) -> Result<Vec<Hook>> {
    errors::all(of_the_trait(item))?;
    let hooks = errors::gather(item.items.iter().map(hook))?;
    errors::all((0..hooks.len()).filter_map(|at| name_taken(&hooks[..at], &hooks[at].name)))?;
    Ok(hooks)
}

fn of_the_trait(item: &ItemTrait) -> Vec<Error> {
    let mut errors: Vec<Error> = Vec::new();
    if !item.generics.params.is_empty() {
        let wrong = "a family of hooks cannot be generic: remove the parameters and name the types";
        errors.push(Error::new_spanned(&item.generics, wrong));
    }
    if let Some(unsafety) = &item.unsafety {
        errors.push(Error::new_spanned(unsafety, "a family of hooks cannot be unsafe: remove `unsafe`"));
    }
    if !item.supertraits.is_empty() {
        let wrong = "a family of hooks has no supertraits: remove them";
        errors.push(Error::new_spanned(&item.supertraits, wrong));
    }
    errors
}

/// Every hook becomes a method, beside one that asks whether it `has_` implementations, and `build`.
fn name_taken(before: &[Hook], name: &Ident) -> Option<Error> {
    let has = |hook: &Hook| format_ident!("has_{}", hook.name);
    let wrong = if before.iter().any(|it| it.name == *name) {
        format!("the family has a hook `{name}` already: give this one another name")
    } else if name == "build"
        || before.iter().any(|it| has(it) == *name || format_ident!("has_{}", name) == it.name)
    {
        format!("the family has a function `{name}` of its own: give the hook another name")
    } else {
        return None;
    };
    Some(Error::new(name.span(), wrong))
}

fn hook(item: &TraitItem) -> Result<Hook> {
    let TraitItem::Fn(function) = item else {
        return Err(Error::new(
            item.span(),
            "a family has hooks only, as functions without a body: remove this",
        ));
    };
    check(function)?;
    let signature = &function.sig;
    let (mode, [gate, faults], attributes) = modes(&function.attrs)?;
    let output = match &signature.output {
        ReturnType::Default => None,
        ReturnType::Type(_, ty) => Some((**ty).clone()),
    };
    check_output(mode, output.as_ref(), signature.ident.span())?;
    Ok(Hook {
        attributes,
        is_async: signature.asyncness.is_some(),
        name: signature.ident.clone(),
        args: args(function)?,
        output,
        mode,
        gate,
        faults,
    })
}

fn check(function: &TraitItemFn) -> Result<()> {
    let signature = &function.sig;
    if let Some(body) = &function.default {
        let wrong =
            "a hook of a family has no body: end it with `;` (implementations are marked with `#[hook]`)";
        return Err(Error::new_spanned(body, wrong));
    }
    if let syn::Safety::Unsafe(unsafety) = &signature.safety {
        return Err(Error::new_spanned(unsafety, "a hook cannot be unsafe: remove `unsafe`"));
    }
    if !signature.generics.params.is_empty() {
        return Err(Error::new_spanned(&signature.generics, "a hook cannot be generic: name its types"));
    }
    Ok(())
}

fn args(function: &TraitItemFn) -> Result<Vec<(Ident, Type)>> {
    let args = errors::gather(function.sig.inputs.iter().map(arg))?;
    let twice = |at: usize| {
        let (name, _) = &args[at];
        let before = args[..at].iter().any(|(it, _)| it == name);
        before.then(|| {
            Error::new(
                name.span(),
                format!("the hook has an argument `{name}` already: arguments are matched by name"),
            )
        })
    };
    errors::all((0..args.len()).filter_map(twice))?;
    Ok(args)
}

fn check_output(mode: Mode, output: Option<&Type>, name: Span) -> Result<()> {
    match (mode, output) {
        (Mode::All, Some(ty)) => Err(Error::new_spanned(
            ty,
            "the results of a hook of mode `all` are not collected: remove the type, or mark the hook `#[first]`, `#[veto]` or `#[each]`",
        )),
        (Mode::First | Mode::Veto | Mode::Each, None) => {
            Err(Error::new(name, "this mode collects results: say what the hook returns, `-> T`"))
        }
        (Mode::Veto, Some(ty)) if !is_named(ty, "Verdict") => Err(Error::new_spanned(
            ty,
            "a hook of mode `veto` returns `Verdict`: write that (implementations may return `bool` or nothing, too)",
        )),
        (_, Some(ty)) => match lifetimes::unnamed(ty) {
            Some(reference) => Err(Error::new(reference, OUTLIVES)),
            None => Ok(()),
        },
        (Mode::All, None) => Ok(()),
    }
}

/// Whether the path of the type ends in `name`.
fn is_named(ty: &Type, name: &str) -> bool {
    matches!(ty, Type::Path(path) if path.path.segments.last().is_some_and(|it| it.ident == name))
}

/// Why a result has no references.
pub(crate) const OUTLIVES: &str =
    "a hook's result outlives its arguments: return what is owned, such as `String`, or `&'static`";

/// Takes the mode's attributes out.
fn modes(attributes: &[Attribute]) -> Result<(Mode, [bool; 2], Vec<Attribute>)> {
    let (mut mode, mut around, mut rest) = (None, [false; 2], Vec::new());
    for attribute in attributes {
        let name = attribute.path().get_ident().map(ToString::to_string).unwrap_or_default();
        let plain = matches!(attribute.meta, Meta::Path(_));
        if let Some((_, found)) = MODES.iter().find(|(known, _)| plain && *known == name) {
            if mode.replace(*found).is_some() {
                return Err(Error::new_spanned(attribute, "a hook has one mode: leave one of the two out"));
            }
        } else if let Some(at) = AROUND.iter().position(|it| plain && *it == name) {
            around[at] = true;
        } else if matches!(name.as_str(), "doc" | "allow" | "expect" | "deprecated") {
            rest.push(attribute.clone());
        } else {
            return Err(Error::new_spanned(attribute, unknown_attribute(&name)));
        }
    }
    if around == [true; 2] {
        let wrong = "a `gate` gives its fault already: remove `faults`";
        return Err(Error::new_spanned(attributes.first(), wrong));
    }
    Ok((mode.unwrap_or(Mode::All), around, rest))
}

fn unknown_attribute(name: &str) -> String {
    let known = || MODES.iter().map(|(name, _)| *name);
    let hint = did_you_mean(name, known().chain(AROUND)).unwrap_or_else(|| {
        format!("; the modes are {}, and `gate` or `faults` may stand beside", list(known()))
    });
    format!("unknown attribute of a hook{hint}")
}

fn arg(input: &FnArg) -> Result<(Ident, Type)> {
    let FnArg::Typed(typed) = input else {
        return Err(Error::new_spanned(input, "hooks are free functions: remove `self`"));
    };
    let Pat::Ident(pattern) = &*typed.pat else {
        return Err(Error::new_spanned(
            &typed.pat,
            "an argument of a hook is a plain name: it is matched by name",
        ));
    };
    match &*typed.ty {
        Type::ImplTrait(ty) => {
            let wrong = "an argument of a hook has a type with a name: write it, or `&dyn Trait`";
            Err(Error::new_spanned(ty, wrong))
        }
        Type::Reference(ty) if ty.mutability.is_some() => {
            let wrong = "a hook's implementations share its arguments: remove `mut`";
            Err(Error::new_spanned(ty.mutability, wrong))
        }
        ty => Ok((pattern.ident.clone(), ty.clone())),
    }
}
