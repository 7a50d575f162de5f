//! What the node tells members by itself: which channels there are, and how they run while it serves.
//!
//! `deliver::push` decides what there is to tell and keeps what waits; the channels here say how it gets there.

pub(crate) mod mails;
pub(crate) mod webhooks;

use crate::exit::Failure;
use crate::leading::Work;
use crate::node::Node;
use crate::serve::Follower;
use deliver::push::{Post, pulse};
use mails::Mails;
use std::sync::Arc;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use webhooks::Webhooks;

/// The webhooks of a node.
pub(crate) type WebhookPost = Arc<Post<Webhooks>>;

/// The mails of a node.
pub(crate) type MailPost = Arc<Post<Mails>>;

/// What pushes while the node serves.
pub(crate) struct Pushing {
    follower: Follower,
    tasks: Vec<JoinHandle<()>>,
    /// Counts up when lines may have changed.
    pub pulse: watch::Receiver<u64>,
}

impl Pushing {
    /// Starts to tell members, until `stopped` turns true.
    ///
    /// # Errors
    /// When a thread can't be started, or what is configured can't be used.
    pub(crate) fn start(node: &Node, stopped: &watch::Receiver<bool>) -> Result<Self, Failure> {
        let (sender, pulse) = watch::channel(0);
        let (store, followed) = (node.gate.store().clone(), node.gate.store().clone());
        let follower = Follower::start("pulse", store, move |stop| pulse::follow(&followed, &sender, stop))?;
        let (webhooks, mails) = (node.webhooks()?, node.mails()?);
        let told = pulse.clone();
        let tasks = vec![node.leads.run(Work::Push, stopped, move |lead, stopped| {
            webhooks.work_under(lead.fences());
            mails.work_under(lead.fences());
            let webhooks = Arc::clone(&webhooks).run(told.clone(), stopped.clone());
            let mails = Arc::clone(&mails).run(told.clone(), stopped);
            async move {
                tokio::join!(webhooks, mails);
            }
        })];
        Ok(Self { follower, tasks, pulse })
    }

    /// Ends all of it, so that nothing holds the store any more.
    pub(crate) async fn end(self) {
        for task in self.tasks {
            // One that panicked has said so in the log.
            let _ended = task.await;
        }
        let _ended = tokio::task::spawn_blocking(|| self.follower.end()).await;
    }
}

/// Something from 0 to 1. Without random bytes, all are told again at the same intervals.
pub(crate) fn chance() -> f64 {
    let mut byte = [0];
    match getrandom::fill(&mut byte) {
        Ok(()) => f64::from(byte[0]) / 255.0,
        Err(_) => 0.5,
    }
}
