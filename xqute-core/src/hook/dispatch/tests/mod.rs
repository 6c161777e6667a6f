//! Is a dispatch sound, and does it count right? Tables of hand-made entries: these tests run under Miri, which has no
//! link-time registration.

mod cancel;
mod faults;
mod model;
mod places;
mod scene;
