//! Where does something stand? Tokens for a `Place`.

use proc_macro2::{Span, TokenStream};
use quote::quote;

use crate::names::{cargo, target};

/// The `Place` of `span`, built of the items of the door `private`.
pub(crate) fn of(span: Span, private: &TokenStream) -> TokenStream {
    let file = span.file();
    let start = span.start();
    let line = u32::try_from(start.line).unwrap_or(u32::MAX);
    let column = u32::try_from(start.column + 1).unwrap_or(u32::MAX);
    place(private, &quote!(#file), &quote!(#line), &quote!(#column))
}

/// The `Place` where the user wrote the macro that is being expanded, through however many other macros.
pub(crate) fn of_invocation(private: &TokenStream) -> TokenStream {
    place(private, &quote!(::core::file!()), &quote!(::core::line!()), &quote!(::core::column!()))
}

fn place(private: &TokenStream, file: &TokenStream, line: &TokenStream, column: &TokenStream) -> TokenStream {
    let [package, version, name] = ["CARGO_PKG_NAME", "CARGO_PKG_VERSION", "CARGO_CRATE_NAME"].map(cargo);
    let binary = match target() {
        Some(binary) => quote!(::core::option::Option::Some(#binary)),
        None => quote!(::core::option::Option::None),
    };
    quote! {
        #private::Place {
            krate: #private::CrateId { package: #package, version: #version, name: #name, binary: #binary },
            module: ::core::module_path!(),
            file: #file,
            line: #line,
            column: #column,
        }
    }
}
