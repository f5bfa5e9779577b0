package org.imena.bridge

/** Why the core did not do what was asked, as what a screen can do about it. Nothing that was saved before is in danger. */
sealed interface Failure {
    data object Locked : Failure

    data object NoVault : Failure

    data object VaultExists : Failure

    data object AlreadyOpen : Failure

    data class NotFound(val entity: String, val id: String) : Failure

    /** A field holds what it cannot: correct it. */
    data class Invalid(val field: String, val reason: String) : Failure

    data class Refused(val rule: String, val reason: String) : Failure

    data object WrongPasscode : Failure

    data class TooManyTries(val waitMs: Long) : Failure

    data class KeyUnavailable(val reason: String) : Failure

    data class StorageFull(val neededBytes: Long, val freeBytes: Long) : Failure

    data class StorageFailed(val reason: String) : Failure

    data class StorageDamaged(val place: String) : Failure

    data class NewerSchema(val found: Long, val supported: Long) : Failure

    data class MediaUnreadable(val reason: String) : Failure

    data class IntegrityFailed(val expectedBytes: Long, val foundBytes: Long) : Failure

    data object NoHub : Failure

    /** Shut the store down and open it again. */
    data class MustReopen(val reason: String) : Failure

    data object Suspended : Failure

    data object ShutDown : Failure

    data object Cancelled : Failure

    data class CallbackFailed(val reason: String) : Failure

    /** A bug of ours: show the number. */
    data class Internal(val reportId: String) : Failure
}

/** Thrown by every call of [ImenaStore]; its message names the case and nothing that a person typed. */
class ImenaException(val failure: Failure, cause: Throwable? = null) : Exception(failure::class.simpleName, cause)
