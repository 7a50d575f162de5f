//! The side of who asks: blinding, and taking the blinding off.

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{CryptoRng, RngCore, SeedableRng as _};
use voprf::{BlindedElement, EvaluationElement, Group as _, Proof, VoprfClient};

use super::{
    Answer, ELEMENTS_MAX, ELEMENTS_STEP, Element, Output, PrivateError, SUITE, Suite, input as input_of,
};
use crate::value::Value;

/// What is blinded instead of a value to fill a question up.
const FILLING: &[u8] = b"filling";

/// Values of which the node is asked, and what hides them. It is asked once: a second question is blinded anew.
pub struct Question {
    inputs: Vec<Vec<u8>>,
    /// How many of the inputs are values.
    values: usize,
    blinds: Vec<VoprfClient<Suite>>,
    elements: Vec<Element>,
}

// What hides the values stays out of logs, and so do they.
impl std::fmt::Debug for Question {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Question({} elements of {SUITE})", self.elements.len())
    }
}

impl Question {
    /// Blinds at most [`ELEMENTS_MAX`] values. `seed` must be random, secret, and used for nothing else.
    ///
    /// The elements are filled up to a multiple of [`ELEMENTS_STEP`] with others that can't be told apart from those of values. Some
    /// 80 µs a value.
    ///
    /// # Errors
    /// [`PrivateError::TooMany`], [`PrivateError::Value`].
    ///
    /// Source: RFC 9497, section 3.3.2, `Blind`.
    pub fn new<'v>(
        values: impl IntoIterator<Item = &'v Value>,
        seed: [u8; 32],
    ) -> Result<Self, PrivateError> {
        let mut inputs: Vec<Vec<u8>> = values.into_iter().take(ELEMENTS_MAX + 1).map(input_of).collect();
        let values = inputs.len();
        if values > ELEMENTS_MAX {
            return Err(PrivateError::TooMany);
        }
        inputs.resize(values.next_multiple_of(ELEMENTS_STEP), FILLING.to_vec());
        Ok(Self { values, ..Self::of(inputs, &mut ChaCha20Rng::from_seed(seed))? })
    }

    fn of(inputs: Vec<Vec<u8>>, random: &mut (impl RngCore + CryptoRng)) -> Result<Self, PrivateError> {
        let (mut blinds, mut elements) = (Vec::new(), Vec::new());
        for (at, input) in inputs.iter().enumerate() {
            let blinded = VoprfClient::<Suite>::blind(input, random).map_err(|_| PrivateError::Value(at))?;
            elements.push(Element(blinded.message.serialize().into()));
            blinds.push(blinded.state);
        }
        Ok(Self { values: inputs.len(), inputs, blinds, elements })
    }

    /// What the node is to evaluate.
    #[must_use]
    pub fn elements(&self) -> &[Element] {
        &self.elements
    }

    /// The function's outputs for the values, in their order, if the node computed them with the key whose public half is `public`.
    ///
    /// # Errors
    /// [`PrivateError::Count`], [`PrivateError::Element`], [`PrivateError::PublicKey`], [`PrivateError::Proof`].
    ///
    /// Source: RFC 9497, section 3.3.2, `Finalize`.
    pub fn outputs(&self, answer: &Answer, public: &Element) -> Result<Vec<Output>, PrivateError> {
        let whole = self.whole(answer, public)?;
        Ok(whole.iter().take(self.values).map(|whole| Output::of(whole)).collect())
    }

    fn whole(&self, answer: &Answer, public: &Element) -> Result<Vec<Vec<u8>>, PrivateError> {
        let (asked, answered) = (self.elements.len(), answer.elements.len());
        if asked != answered {
            return Err(PrivateError::Count { asked, answered });
        }
        let public = voprf::Ristretto255::deserialize_elem(&public.0).map_err(|_| PrivateError::PublicKey)?;
        let elements = answer.elements.iter().enumerate();
        let elements: Vec<EvaluationElement<Suite>> = elements
            .map(|(at, element)| {
                EvaluationElement::deserialize(&element.0).map_err(|_| PrivateError::Element(at))
            })
            .collect::<Result<_, _>>()?;
        let proof = Proof::deserialize(&answer.proof).map_err(|_| PrivateError::Proof)?;
        let outputs = VoprfClient::batch_finalize(&self.inputs, &self.blinds, &elements, &proof, public);
        let outputs = outputs.map_err(|_| PrivateError::Proof)?;
        outputs.map(|output| Ok(output.map_err(|_| PrivateError::Proof)?.to_vec())).collect()
    }
}

/// Reads what another one blinded.
pub(super) fn blinded(elements: &[Element]) -> Result<Vec<BlindedElement<Suite>>, PrivateError> {
    let read = |(at, element): (usize, &Element)| {
        BlindedElement::deserialize(&element.0).map_err(|_| PrivateError::Element(at))
    };
    elements.iter().enumerate().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::super::Key;
    use super::*;
    use rand_chacha::rand_core::Error;

    /// Gives the numbers of a vector: scalars are drawn as 64 bytes, the lowest first.
    struct Numbers(Vec<[u8; 32]>);

    impl RngCore for Numbers {
        fn next_u32(&mut self) -> u32 {
            panic!("a scalar is drawn in one piece")
        }

        fn next_u64(&mut self) -> u64 {
            panic!("a scalar is drawn in one piece")
        }

        fn fill_bytes(&mut self, to: &mut [u8]) {
            assert_eq!(to.len(), 64);
            to.fill(0);
            to[..32].copy_from_slice(&self.0.remove(0));
        }

        fn try_fill_bytes(&mut self, to: &mut [u8]) -> Result<(), Error> {
            self.fill_bytes(to);
            Ok(())
        }
    }

    impl CryptoRng for Numbers {}

    fn bytes(text: &str) -> Vec<u8> {
        let digit = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
        (0..text.len()).step_by(2).map(digit).collect()
    }

    fn numbers(texts: &[&str]) -> Vec<[u8; 32]> {
        texts.iter().map(|text| bytes(text).try_into().unwrap()).collect()
    }

    const BLIND: &str = "64d37aed22a27f5191de1c1d69fadb899d8862b58eb4220029e036ec4c1f6706";
    const OTHER: &str = "222a5e897cf59db8145db8d16e597e8facb80ae7d4e26d9881aa6f61d645fc0e";
    const PUBLIC: &str = "c803e2cc6b05fc15064549b5920659ca4a77b2cca6f04f6b357009335476ad4e";
    const OUTPUTS: [&str; 2] = [
        "b58cfbe118e0cb94d79b5fd6a6dafb98764dff49c14e1770b566e42402da1a7da4d8527693914139caee5bd03903af43a491351d23b430948dd50cde10d32b3c",
        "8a9a2f3c7f085b65933594309041fc1898d42d0858e59f90814ae90571a6df60356f4610bf816f27afdd84f47719e480906d27ecd994985890e5f539e7ea74b6",
    ];

    struct Vector {
        inputs: &'static [&'static str],
        blinds: &'static [&'static str],
        blinded: &'static [&'static str],
        evaluated: &'static [&'static str],
        proof: &'static str,
        proof_scalar: &'static str,
        outputs: &'static [&'static str],
    }

    fn agrees(vector: &Vector) {
        let key = Key::from_seed(&[0xa3; 32], b"test key").unwrap();
        assert_eq!(key.public().0.as_slice(), bytes(PUBLIC));
        let inputs = vector.inputs.iter().map(|input| bytes(input)).collect();
        let question = Question::of(inputs, &mut Numbers(numbers(vector.blinds))).unwrap();
        let elements = |texts: &[&str]| numbers(texts).into_iter().map(Element).collect::<Vec<_>>();
        assert_eq!(question.elements(), elements(vector.blinded));
        let answer = key.answer(question.elements(), &mut Numbers(numbers(&[vector.proof_scalar]))).unwrap();
        assert_eq!(answer.elements, elements(vector.evaluated));
        assert_eq!(answer.proof.as_slice(), bytes(vector.proof));
        let outputs = question.whole(&answer, &key.public()).unwrap();
        let expected: Vec<Vec<u8>> = vector.outputs.iter().map(|output| bytes(output)).collect();
        assert_eq!(outputs, expected);
        for (input, output) in question.inputs.iter().zip(expected) {
            assert_eq!(key.whole(input).unwrap(), output, "the node computes the same by itself");
        }
    }

    /// RFC 9497, appendix A.1.2 (ristretto255-SHA512, VOPRF mode), all three vectors.
    #[test]
    fn the_vectors_of_the_standard_agree() {
        agrees(&Vector {
            inputs: &["00"],
            blinds: &[BLIND],
            blinded: &["863f330cc1a1259ed5a5998a23acfd37fb4351a793a5b3c090b642ddc439b945"],
            evaluated: &["aa8fa048764d5623868679402ff6108d2521884fa138cd7f9c7669a9a014267e"],
            proof: "ddef93772692e535d1a53903db24367355cc2cc78de93b3be5a8ffcc6985dd066d4346421d17bf5117a2a1ff0fcb2a759f58a539dfbe857a40bce4cf49ec600d",
            proof_scalar: OTHER,
            outputs: &[OUTPUTS[0]],
        });
        agrees(&Vector {
            inputs: &["5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a"],
            blinds: &[BLIND],
            blinded: &["cc0b2a350101881d8a4cba4c80241d74fb7dcbfde4a61fde2f91443c2bf9ef0c"],
            evaluated: &["60a59a57208d48aca71e9e850d22674b611f752bed48b36f7a91b372bd7ad468"],
            proof: "401a0da6264f8cf45bb2f5264bc31e109155600babb3cd4e5af7d181a2c9dc0a67154fabf031fd936051dec80b0b6ae29c9503493dde7393b722eafdf5a50b02",
            proof_scalar: OTHER,
            outputs: &[OUTPUTS[1]],
        });
        agrees(&Vector {
            inputs: &["00", "5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a"],
            blinds: &[BLIND, OTHER],
            blinded: &[
                "863f330cc1a1259ed5a5998a23acfd37fb4351a793a5b3c090b642ddc439b945",
                "90a0145ea9da29254c3a56be4fe185465ebb3bf2a1801f7124bbbadac751e654",
            ],
            evaluated: &[
                "aa8fa048764d5623868679402ff6108d2521884fa138cd7f9c7669a9a014267e",
                "cc5ac221950a49ceaa73c8db41b82c20372a4c8d63e5dded2db920b7eee36a2a",
            ],
            proof: "cc203910175d786927eeb44ea847328047892ddf8590e723c37205cb74600b0a5ab5337c8eb4ceae0494c2cf89529dcf94572ed267473d567aeed6ab873dee08",
            proof_scalar: "419c4f4f5052c53c45f3da494d2b67b220d02118e0857cdbcf037f9ea84bbe0c",
            outputs: &OUTPUTS,
        });
    }
}
