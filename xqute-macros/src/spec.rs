//! What does a family declare? The trait under `#[hookspec]`, read and checked.

use proc_macro2::{Ident, Span};
use syn::spanned::Spanned;
use syn::{Attribute, Error, FnArg, ItemTrait, Meta, Pat, Result, ReturnType, TraitItem, TraitItemFn, Type};

use crate::suggest::list;

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
}

/// Reads every hook of the trait; all mistakes are told at once.
pub(crate) fn read(item: &ItemTrait) -> Result<Vec<Hook>> {
    let mut errors: Vec<Error> = Vec::new();
    if !item.generics.params.is_empty() {
        errors.push(Error::new_spanned(&item.generics, "a family of hooks cannot be generic"));
    }
    if let Some(unsafety) = &item.unsafety {
        errors.push(Error::new_spanned(unsafety, "a family of hooks cannot be unsafe: remove `unsafe`"));
    }
    if !item.supertraits.is_empty() {
        errors
            .push(Error::new_spanned(&item.supertraits, "a family of hooks has no supertraits: remove them"));
    }
    let mut hooks = Vec::new();
    for it in &item.items {
        match hook(it) {
            Ok(hook) => hooks.push(hook),
            Err(error) => errors.push(error),
        }
    }
    match errors.into_iter().reduce(|mut all, error| {
        all.combine(error);
        all
    }) {
        Some(error) => Err(error),
        None => Ok(hooks),
    }
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
    let (mode, gate, attributes) = modes(&function.attrs)?;
    let output = match &signature.output {
        ReturnType::Default => None,
        ReturnType::Type(_, ty) => Some((**ty).clone()),
    };
    check_output(mode, output.as_ref(), signature.ident.span())?;
    Ok(Hook {
        attributes,
        is_async: signature.asyncness.is_some(),
        name: signature.ident.clone(),
        args: signature.inputs.iter().map(arg).collect::<Result<_>>()?,
        output,
        mode,
        gate,
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

fn check_output(mode: Mode, output: Option<&Type>, name: Span) -> Result<()> {
    match (mode, output) {
        (Mode::All, Some(ty)) => Err(Error::new_spanned(
            ty,
            "the results of a hook of mode `all` are not collected: remove the type, or mark the hook `#[first]`, `#[veto]` or `#[each]`",
        )),
        (Mode::First | Mode::Veto | Mode::Each, None) => {
            Err(Error::new(name, "this mode collects results: say what the hook returns, `-> T`"))
        }
        _ => Ok(()),
    }
}

/// Takes the mode's attributes out.
fn modes(attributes: &[Attribute]) -> Result<(Mode, bool, Vec<Attribute>)> {
    let (mut mode, mut gate, mut rest) = (None, false, Vec::new());
    for attribute in attributes {
        let name = attribute.path().get_ident().map(ToString::to_string).unwrap_or_default();
        let plain = matches!(attribute.meta, Meta::Path(_));
        if let Some((_, found)) = MODES.iter().find(|(known, _)| plain && *known == name) {
            if mode.replace(*found).is_some() {
                return Err(Error::new_spanned(attribute, "a hook has one mode: leave one of the two out"));
            }
        } else if plain && name == "gate" {
            gate = true;
        } else if matches!(name.as_str(), "doc" | "allow" | "expect" | "deprecated") {
            rest.push(attribute.clone());
        } else {
            let known = list(MODES.iter().map(|(name, _)| *name));
            let wrong =
                format!("unknown attribute of a hook; the modes are {known}, and `gate` may stand beside");
            return Err(Error::new_spanned(attribute, wrong));
        }
    }
    Ok((mode.unwrap_or(Mode::All), gate, rest))
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
    Ok((pattern.ident.clone(), (*typed.ty).clone()))
}
