//! The side of the node: its key, evaluating what is blinded, and the outputs of the values that it knows.

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{CryptoRng, RngCore, SeedableRng as _};
use voprf::{Group as _, VoprfServer};

use super::ask::blinded;
use super::{Answer, Element, Output, PrivateError, SUITE, Suite, input};
use crate::value::Value;

/// The key of one epoch. Whoever has it can find out by trying which values are in a published set.
pub struct Key {
    server: VoprfServer<Suite>,
    epoch: u32,
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Key({SUITE}, epoch {})", self.epoch)
    }
}

impl Key {
    /// The key of an epoch, always the same from the same secret.
    ///
    /// # Errors
    /// [`PrivateError::Derive`], of which the chance is negligible.
    ///
    /// Source: RFC 9497, section 3.2.1, `DeriveKeyPair`.
    pub fn derive(secret: &[u8; 32], epoch: u32) -> Result<Self, PrivateError> {
        let info = format!("bongsu private screening, epoch {epoch}");
        Ok(Self { epoch, ..Self::from_seed(secret, info.as_bytes())? })
    }

    pub(super) fn from_seed(seed: &[u8], info: &[u8]) -> Result<Self, PrivateError> {
        let server = VoprfServer::new_from_seed(seed, info).map_err(|_| PrivateError::Derive)?;
        Ok(Self { server, epoch: 0 })
    }

    /// The epoch.
    #[must_use]
    pub const fn epoch(&self) -> u32 {
        self.epoch
    }

    /// Its public half, with which answers are proved.
    #[must_use]
    pub fn public(&self) -> Element {
        Element(voprf::Ristretto255::serialize_elem(self.server.get_public_key()).into())
    }

    /// Evaluates what another one blinded, with one proof for all. `seed` must be random, secret, and used for nothing else.
    ///
    /// Some 100 µs an element.
    ///
    /// # Errors
    /// [`PrivateError::Element`] for the first that is not canonical or is the identity; [`PrivateError::TooMany`].
    ///
    /// Source: RFC 9497, section 3.3.2, `BlindEvaluate`, for a batch.
    pub fn evaluate(&self, elements: &[Element], seed: [u8; 32]) -> Result<Answer, PrivateError> {
        self.answer(elements, &mut ChaCha20Rng::from_seed(seed))
    }

    pub(super) fn answer(
        &self,
        elements: &[Element],
        random: &mut (impl RngCore + CryptoRng),
    ) -> Result<Answer, PrivateError> {
        let evaluated = self.server.batch_blind_evaluate(random, &blinded(elements)?);
        let evaluated = evaluated.map_err(|_| PrivateError::TooMany)?;
        let elements = evaluated.messages.iter().map(|element| Element(element.serialize().into())).collect();
        Ok(Answer { epoch: self.epoch, elements, proof: evaluated.proof.serialize().into() })
    }

    /// The function's output for a value that the node knows itself. Some 70 µs.
    ///
    /// # Errors
    /// [`PrivateError::Value`] for a value that the function does not take, of which the chance is negligible.
    ///
    /// Source: RFC 9497, section 3.3.2, `Evaluate`.
    pub fn output(&self, value: &Value) -> Result<Output, PrivateError> {
        Ok(Output::of(&self.whole(&input(value))?))
    }

    pub(super) fn whole(&self, input: &[u8]) -> Result<Vec<u8>, PrivateError> {
        Ok(self.server.evaluate(input).map_err(|_| PrivateError::Value(0))?.to_vec())
    }
}
