package org.imena.bridge

import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.delay
import kotlinx.coroutines.ensureActive
import kotlinx.coroutines.runInterruptible
import org.imena.ffi.FieldStore
import org.imena.ffi.FreeOutcome
import org.imena.ffi.LinkCost
import org.imena.ffi.TransferChange
import org.imena.ffi.TransferDesk
import org.imena.ffi.TransferPlan
import org.imena.ffi.TransferPurpose
import org.imena.ffi.TransferSummary

/** How a sync ended, and what it did. */
data class Synced(val isDone: Boolean, val summary: TransferSummary)

/** Performs what the core plans, with one hub after the other until one answers. */
internal class SyncSession(
    private val store: FieldStore,
    private val http: TransferPerformer,
    private val onNews: (TransferChange) -> Unit,
) {
    /** Syncs until all is receipted, or nothing moved for [patienceMs]. */
    suspend fun sync(cost: LinkCost, patienceMs: Long): Synced = session(cost, TransferPurpose.SYNC, patienceMs) { _, synced -> synced }

    /** Syncs, and frees by the hub's word of that session. */
    suspend fun free(): FreeOutcome = session(LinkCost.FREE, TransferPurpose.SYNC_AND_FREE, PATIENCE_MS) { desk, _ ->
        calling { desk.freeOriginals() }
    }

    private suspend fun <T> session(
        cost: LinkCost,
        purpose: TransferPurpose,
        patienceMs: Long,
        last: (TransferDesk, Synced) -> T,
    ): T {
        val hubs = calling { store.listHubs() }
        hubs.forEachIndexed { index, hub ->
            val isLast = index == hubs.lastIndex
            calling { store.beginTransfers(hub, cost, purpose) }.use { desk ->
                val (isDone, hasAnswered) = exchanges(desk, if (isLast) patienceMs else 0)
                if (hasAnswered || isLast) {
                    return last(desk, Synced(isDone, calling { desk.summary() }))
                }
            }
        }
        throw ImenaException(Failure.NoHub)
    }

    /** Whether all is done, and whether the hub answered at all. */
    private suspend fun exchanges(desk: TransferDesk, patienceMs: Long): Pair<Boolean, Boolean> {
        var hasAnswered = false
        var lastProgress = System.nanoTime()
        while (true) {
            currentCoroutineContext().ensureActive()
            when (val plan = calling { desk.planTransfer() }) {
                is TransferPlan.Done -> return true to hasAnswered
                is TransferPlan.Wait -> {
                    val passedMs = (System.nanoTime() - lastProgress) / 1_000_000
                    if (passedMs >= patienceMs) return false to hasAnswered
                    delay(minOf(plan.waitMs.toLong(), WAIT_MS_MAX))
                }
                is TransferPlan.Perform -> {
                    // Interrupted when the coroutine is cancelled: the exchange is not reported, and the next session does it again.
                    val performed = runInterruptible { http.perform(plan.job) }
                    val changes = calling {
                        when (performed) {
                            is Performed.Reply -> desk.acceptReply(plan.job.jobId, performed.reply)
                            is Performed.Failed -> desk.reportFailure(plan.job.jobId, performed.failure)
                        }
                    }
                    hasAnswered = hasAnswered || performed is Performed.Reply
                    changes.forEach(onNews)
                    if (calling { desk.summary() }.failures == 0u) lastProgress = System.nanoTime()
                }
            }
        }
    }

    private companion object {
        const val PATIENCE_MS = 60_000L
        const val WAIT_MS_MAX = 1_000L
    }
}
