//! What a person may read, and whose word is an expert's: by the rights that the organisation's roster gives, never by what a caller or an operator says
//! of themselves.
//!
//! Any role without a right is a claim with a rescuer's rights (formats.md §7).

use crate::keys::Roster;
use crate::model::ids::SubjectId;
use crate::nouns::Sensitivity;
use crate::vocabulary::OperatorRole;

/// What whoever holds an unlocked phone may read without a right.
const OF_A_RESCUER: Sensitivity = Sensitivity::Personal;

/// What an operator may read.
#[must_use]
pub fn clearance_of(operator: Option<SubjectId>, roster: Option<&Roster>) -> Sensitivity {
    let Some(role) = right_of(operator, roster) else {
        return OF_A_RESCUER;
    };
    match role {
        OperatorRole::Investigator
        | OperatorRole::Prosecutor
        | OperatorRole::ForensicMedicalExpert
        | OperatorRole::Criminalist => Sensitivity::Restricted,
        OperatorRole::Driver => Sensitivity::Open,
        OperatorRole::Rescuer
        | OperatorRole::Eod
        | OperatorRole::SearchGroup
        | OperatorRole::MorgueStaff
        | OperatorRole::Photographer
        | OperatorRole::Recorder
        | OperatorRole::HubAdmin
        | OperatorRole::Other(_) => OF_A_RESCUER,
    }
}

/// Whether what an operator says of a body is an expert's finding; anybody else's is a lay observation.
#[must_use]
pub fn is_expert(operator: Option<SubjectId>, roster: Option<&Roster>) -> bool {
    let role = right_of(operator, roster);
    role.is_some_and(|role| match role {
        OperatorRole::ForensicMedicalExpert | OperatorRole::Criminalist => true,
        OperatorRole::Rescuer
        | OperatorRole::Investigator
        | OperatorRole::Prosecutor
        | OperatorRole::Eod
        | OperatorRole::SearchGroup
        | OperatorRole::Driver
        | OperatorRole::MorgueStaff
        | OperatorRole::Photographer
        | OperatorRole::Recorder
        | OperatorRole::HubAdmin
        | OperatorRole::Other(_) => false,
    })
}

fn right_of(operator: Option<SubjectId>, roster: Option<&Roster>) -> Option<OperatorRole> {
    let rights = &roster?.rights;
    let right = rights
        .iter()
        .find(|right| Some(right.operator) == operator)?;
    Some(OperatorRole::from_code(&right.role))
}
