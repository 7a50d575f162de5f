//! People: of whom a second factor is demanded.

use std::collections::BTreeSet;

use policy::Role;
use serde::Deserialize;
use web::auth::SecondFactor;

use crate::exit::Failure;

/// What is asked of people who log in.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct People {
    /// Roles that need a second factor beside the password.
    pub second_factor: BTreeSet<Role>,
    /// Handles of members all of whose people need one.
    pub second_factor_members: BTreeSet<String>,
}

impl People {
    /// Of whom one is demanded.
    pub(crate) fn second_factor(&self) -> SecondFactor {
        SecondFactor { roles: self.second_factor.clone(), members: self.second_factor_members.clone() }
    }

    pub(super) fn check(&self) -> Result<(), Failure> {
        let strange = self.second_factor_members.iter().find(|handle| !web::people::is_handle(handle));
        match strange {
            Some(handle) => Err(Failure::usage(format!(
                "people.second_factor_members has `{}`: that is no handle of a member",
                handle.chars().take(70).collect::<String>()
            ))
            .hint(
                "handles are those of `bongsu member list`; the node's own people are reached by their roles",
            )),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::config::Config;
    use policy::Role;

    #[test]
    fn roles_and_members_that_need_a_second_factor_are_named() {
        let read = |text: &str| toml::from_str::<Config>(&format!("[people]\n{text}"));
        let config =
            read("second_factor = [\"releaser\", \"administrator\"]\nsecond_factor_members = [\"cert\"]");
        let people = config.unwrap().people;
        assert_eq!(people.second_factor, [Role::Releaser, Role::Administrator].into());
        assert_eq!(people.second_factor().members, ["cert".to_owned()].into());
        assert!(read("second_factor = [\"boss\"]").is_err());
        let strange = read("second_factor_members = [\"National CERT\"]").unwrap();
        assert!(strange.check().is_err_and(|failure| failure.message.contains("no handle")));
    }
}
