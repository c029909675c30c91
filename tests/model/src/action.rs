//! The steps of workers, reapers, the enqueuer and operators, and the faults that can happen.

use crate::protocol::{App, Token};

/// A step. Those of workers, reapers and the enqueuer carry its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    ReadNew,
    Enqueue,
    Pick(usize),
    Claim(usize),
    ClaimAgain(usize),
    Shred(usize),
    Transaction(usize),
    EndCompletion(usize),
    GiveUpWaiting(usize),
    ReadOutcome(usize),
    Renew(usize),
    Expire(Token),
    Start(usize),
    See(usize, Token),
    Reap(usize),
    /// The server takes rows again.
    Recover,
    /// New documents come, and this worker completes one of them: it is not among those here.
    CompleteAnother(usize),
    // What nobody wishes for; each uses up one of the faults.
    Crash(usize),
    CrashInsideTransaction(usize),
    Pause(usize),
    Wake(usize),
    Stop(usize),
    ServerFails(usize),
    /// The server refuses all rows, until it recovers.
    FillUp,
    ExpireInUse(Token),
    LoseClaimAnswer(usize),
    LoseCompletionAnswer(usize),
    FallSilent(usize),
    // What an operator does.
    Retry,
    Requeue(App),
    /// Its document was changed, and the database refuses its rows now.
    RequeueSpoilt(App),
    ReadNewByHand,
    Purge,
}

impl Action {
    /// Whether it can be counted on: some worker and some reaper keep running.
    pub fn is_certain(self) -> bool {
        !self.is_fault() && !self.is_operators() && !matches!(self, Self::CompleteAnother(_))
    }

    pub fn is_fault(self) -> bool {
        matches!(
            self,
            Self::Crash(_)
                | Self::CrashInsideTransaction(_)
                | Self::Pause(_)
                | Self::Wake(_)
                | Self::Stop(_)
                | Self::ServerFails(_)
                | Self::FillUp
                | Self::ExpireInUse(_)
                | Self::LoseClaimAnswer(_)
                | Self::LoseCompletionAnswer(_)
                | Self::FallSilent(_)
        )
    }

    pub fn is_operators(self) -> bool {
        matches!(
            self,
            Self::Retry
                | Self::Requeue(_)
                | Self::RequeueSpoilt(_)
                | Self::ReadNewByHand
                | Self::Purge
        )
    }
}
