package org.imena.bridge

import org.imena.ffi.CoreException
import java.nio.charset.CharacterCodingException

/** Why the core did not do what was asked, as what a screen can do about it. Nothing that was saved before is in danger. */
sealed interface Failure {
    /** Ask for the passcode. */
    data object Locked : Failure

    /** Join first. */
    data object NoVault : Failure

    /** Open it. */
    data object VaultExists : Failure

    /** Use the one that is open. */
    data object AlreadyOpen : Failure

    /** It may still come with a sync. */
    data class NotFound(val entity: String, val id: String) : Failure

    /** A field holds what it cannot: correct it. */
    data class Invalid(val field: String, val reason: String) : Failure

    /** A rule forbids it: say which. */
    data class Refused(val rule: String, val reason: String) : Failure

    /** Ask again. */
    data object WrongPasscode : Failure

    /** Wait before the next passcode. */
    data class TooManyTries(val waitMs: Long) : Failure

    /** Try again; a lost hardware key needs a new join. */
    data class KeyUnavailable(val reason: String) : Failure

    /** A photo was NOT SAVED: make room. */
    data class StorageFull(val neededBytes: Long, val freeBytes: Long) : Failure

    /** Try again. */
    data class StorageFailed(val reason: String) : Failure

    /** A hub may hold a whole copy. */
    data class StorageDamaged(val place: String) : Failure

    /** Install the newer app. */
    data class NewerSchema(val found: Long, val supported: Long) : Failure

    /** The file was NOT SAVED. */
    data class MediaUnreadable(val reason: String) : Failure

    /** The photo was NOT SAVED: take it again. */
    data class IntegrityFailed(val expectedBytes: Long, val foundBytes: Long) : Failure

    /** Scan a newer join code. */
    data object NoHub : Failure

    /** Shut the store down and open it again. */
    data class MustReopen(val reason: String) : Failure

    /** Resume the store first. */
    data object Suspended : Failure

    /** Open the store again. */
    data object ShutDown : Failure

    /** A person wanted it so. */
    data object Cancelled : Failure

    /** A listener or sink of the app failed. */
    data class CallbackFailed(val reason: String) : Failure

    /** A bug of ours: show the number. */
    data class Internal(val reportId: String) : Failure
}

/** Thrown by every call of [ImenaStore]; its message names the case and nothing that a person typed. */
class ImenaException(val failure: Failure, cause: Throwable? = null) : Exception(failure::class.simpleName, cause)

/** Calls the core; what it throws comes out as [ImenaException]. */
internal inline fun <T> calling(act: () -> T): T = try {
    act()
} catch (error: CoreException) {
    throw ImenaException(error.toFailure(), error)
} catch (error: CharacterCodingException) {
    // Half of a surrogate pair is no text; it never reaches the core.
    throw ImenaException(Failure.Invalid("text", "is no Unicode text"), error)
} catch (error: IllegalStateException) {
    // The generated object was destroyed: as good as shut down.
    throw ImenaException(Failure.ShutDown, error)
}

internal fun CoreException.toFailure(): Failure = when (this) {
    is CoreException.Locked -> Failure.Locked
    is CoreException.NoVault -> Failure.NoVault
    is CoreException.VaultExists -> Failure.VaultExists
    is CoreException.AlreadyOpen -> Failure.AlreadyOpen
    is CoreException.NotFound -> Failure.NotFound(entity, id)
    is CoreException.Invalid -> Failure.Invalid(field, reason)
    is CoreException.Refused -> Failure.Refused(rule, reason)
    is CoreException.WrongPasscode -> Failure.WrongPasscode
    is CoreException.TooManyTries -> Failure.TooManyTries(waitMs.toLong())
    is CoreException.KeyUnavailable -> Failure.KeyUnavailable(reason)
    is CoreException.StorageFull -> Failure.StorageFull(neededBytes.toLong(), freeBytes.toLong())
    is CoreException.StorageFailed -> Failure.StorageFailed(reason)
    is CoreException.StorageDamaged -> Failure.StorageDamaged(place)
    is CoreException.NewerSchema -> Failure.NewerSchema(found, supported)
    is CoreException.MediaUnreadable -> Failure.MediaUnreadable(reason)
    is CoreException.IntegrityFailed -> Failure.IntegrityFailed(expectedBytes.toLong(), foundBytes.toLong())
    is CoreException.NoHub -> Failure.NoHub
    is CoreException.MustReopen -> Failure.MustReopen(reason)
    is CoreException.Suspended -> Failure.Suspended
    is CoreException.ShutDown -> Failure.ShutDown
    is CoreException.Cancelled -> Failure.Cancelled
    is CoreException.CallbackFailed -> Failure.CallbackFailed(reason)
    is CoreException.Internal -> Failure.Internal(reportId)
}
