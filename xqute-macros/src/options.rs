//! What may stand in the brackets of `#[hook(…)]`, `#[hookspec(…)]`, `plugin!(…)` and `link_plugins!(…)`?

use proc_macro2::{Span, TokenStream};
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{Error, Expr, Ident, Lit, LitStr, Path, Result, Token, bracketed, token};

use crate::suggest::{did_you_mean, list};

/// One option: `key = …`, with what follows still to be read.
pub(crate) struct Key {
    pub(crate) name: String,
    pub(crate) span: Span,
}

/// Reads `key = value, …`. `value` reads one option's value; `bare` reads what is no `key =`, or refuses it.
pub(crate) fn read(
    tokens: TokenStream,
    known: &[&str],
    mut value: impl FnMut(&Key, ParseStream<'_>) -> Result<()>,
    mut bare: impl FnMut(ParseStream<'_>) -> Result<()>,
) -> Result<()> {
    let parse = |input: ParseStream<'_>| {
        let mut seen: Vec<String> = Vec::new();
        while !input.is_empty() {
            if input.peek(Ident::peek_any) && input.peek2(Token![=]) {
                let key = key(input, known, &seen)?;
                value(&key, input)?;
                seen.push(key.name);
            } else {
                check_value(input, known)?;
                bare(input)?;
            }
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(())
    };
    parse.parse2(tokens)
}

fn key(input: ParseStream<'_>, known: &[&str], seen: &[String]) -> Result<Key> {
    let ident = input.call(Ident::parse_any)?;
    let key = Key { name: ident.to_string(), span: ident.span() };
    if !known.contains(&key.name.as_str()) {
        let meant = did_you_mean(&key.name, known.iter().copied());
        let hint = meant.unwrap_or_else(|| format!("; the options are {}", list(known.iter().copied())));
        return Err(Error::new(key.span, format!("unknown option `{}`{hint}", key.name)));
    }
    if seen.contains(&key.name) {
        return Err(Error::new(key.span, format!("the option `{}` is given twice: leave one out", key.name)));
    }
    input.parse::<Token![=]>()?;
    Ok(key)
}

/// An option's name that nothing follows is no path.
fn check_value(input: ParseStream<'_>, known: &[&str]) -> Result<()> {
    let ahead = input.fork();
    let Ok(ident) = ahead.call(Ident::parse_any) else { return Ok(()) };
    let alone = ahead.is_empty() || ahead.peek(Token![,]);
    if alone && known.iter().any(|it| ident == it) {
        return Err(Error::new(ident.span(), format!("`{ident}` is without a value: write `{ident} = …`")));
    }
    Ok(())
}

/// A path, as the value of `key`.
pub(crate) fn path(key: &Key, input: ParseStream<'_>) -> Result<Path> {
    let span = input.span();
    let wrong = format!("`{}` is a path, such as `{} = my::path`", key.name, key.name);
    Path::parse_mod_style(input).map_err(|_| Error::new(span, wrong))
}

/// A priority: a whole number or a constant.
pub(crate) fn priority(input: ParseStream<'_>) -> Result<Expr> {
    let value: Expr = input.parse()?;
    let inner = match &value {
        Expr::Unary(unary) => &*unary.expr,
        other => other,
    };
    match inner {
        Expr::Lit(literal) if !matches!(literal.lit, Lit::Int(_)) => Err(Error::new_spanned(
            &value,
            "a priority is a whole number; smaller is called first, the default is 0",
        )),
        _ => Ok(value),
    }
}

/// The plugins that `key` names: one text, or a list of them.
pub(crate) fn plugins(key: &Key, input: ParseStream<'_>) -> Result<Vec<LitStr>> {
    let span = input.span();
    let name = &key.name;
    let wrong = format!(
        "`{name}` is the name of a plugin, such as `{name} = \"slack\"`, or a list: `{name} = [\"slack\", \"email\"]`"
    );
    let list = |input: ParseStream<'_>| {
        if !input.peek(token::Bracket) {
            return Ok(vec![input.parse()?]);
        }
        let names;
        bracketed!(names in input);
        let names = Punctuated::<LitStr, Token![,]>::parse_terminated(&names)?;
        Ok(names.into_iter().collect())
    };
    list(input).map_err(|_: Error| Error::new(span, wrong))
}
