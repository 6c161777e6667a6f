//! Which references of a type name no lifetime?
//!
//! A walk over tokens: the same over types needs a visitor for the whole language.

use proc_macro2::{Delimiter, Group, Punct, Spacing, Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Ident, Type};

/// The type with the lifetime `'a` at every reference that names none, and at `'_`.
pub(crate) fn named(ty: &Type) -> TokenStream {
    name(ty.to_token_stream(), &mut None)
}

/// The first reference that names no lifetime.
pub(crate) fn unnamed(ty: &Type) -> Option<Span> {
    let mut found = None;
    name(ty.to_token_stream(), &mut found);
    found
}

fn name(tokens: TokenStream, found: &mut Option<Span>) -> TokenStream {
    let mut named = TokenStream::new();
    let mut tokens = tokens.into_iter().peekable();
    let mut after_word = false;
    while let Some(token) = tokens.next() {
        let is_word = matches!(token, TokenTree::Ident(_));
        match token {
            // `Fn(&T)` and `fn(&T)` have lifetimes of their own.
            TokenTree::Group(group) if !(after_word && group.delimiter() == Delimiter::Parenthesis) => {
                let inner = name(group.stream(), found);
                named.extend([TokenTree::Group(Group::new(group.delimiter(), inner))]);
            }
            TokenTree::Punct(mark) if is_unnamed(&mark, tokens.peek()) => {
                found.get_or_insert(mark.span());
                if mark.as_char() == '&' {
                    named.extend([TokenTree::Punct(mark)]);
                } else {
                    tokens.next();
                }
                named.extend(lifetime());
            }
            other => named.extend([other]),
        }
        after_word = is_word;
    }
    named
}

/// Whether `&` has no lifetime after it, or `'` is that of `'_`.
fn is_unnamed(mark: &Punct, next: Option<&TokenTree>) -> bool {
    match (mark.as_char(), next) {
        ('&', Some(TokenTree::Punct(next))) => next.as_char() != '\'',
        ('&', _) => true,
        ('\'', Some(TokenTree::Ident(next))) => next == "_",
        _ => false,
    }
}

fn lifetime() -> [TokenTree; 2] {
    [Punct::new('\'', Spacing::Joint).into(), Ident::new("a", Span::call_site()).into()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reference_gets_the_lifetime_of_the_call() {
        let named = |ty: &str| named(&syn::parse_str(ty).unwrap()).to_string().replace(' ', "");
        assert_eq!(named("&Job"), "&'aJob");
        assert_eq!(named("Option<(&str, &mut [&u8])>"), "Option<(&'astr,&'amut[&'au8])>");
        assert_eq!(named("&&dyn Step<'_>"), "&'a&'adynStep<'a>");
        assert_eq!(named("&'static dyn Fn(&str)"), "&'staticdynFn(&str)");
    }

    #[test]
    fn the_first_is_found() {
        let is_found = |ty: &str| unnamed(&syn::parse_str(ty).unwrap()).is_some();
        assert!(is_found("Result<Option<&str>, Cow<'static, str>>"));
        assert!(!is_found("Result<Option<&'static str>, fn(&str)>"));
    }
}
