//! Reading a record in Rust code by the constants of its noun's table.

use std::marker::PhantomData;

use crate::merge::Folded;
use crate::nouns::{Field, HasNoun, Said};

/// A fold that is known to be of one noun.
///
/// ```compile_fail
/// # use imena_core::{merge::Folded, nouns::{marker::Marker, person_hint}, record::Of};
/// fn read(folded: &Folded) -> Option<String> { Of::<Marker>::new(folded)?.get(person_hint::TEXT) }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Of<'a, N> {
    folded: &'a Folded,
    of: PhantomData<fn() -> N>,
}

impl<'a, N: HasNoun> Of<'a, N> {
    /// `None`: it is of another kind.
    #[must_use]
    pub fn new(folded: &'a Folded) -> Option<Self> {
        let of = PhantomData;
        (folded.kind == N::NOUN.kind).then_some(Self { folded, of })
    }

    /// The value that is shown of a field; `None`: nothing was said, a gap was, or what a newer version said.
    #[must_use]
    pub fn get<T: Said>(&self, field: Field<N, T>) -> Option<T::Of> {
        self.folded.value(field.spec.number).and_then(T::from_value)
    }
}
