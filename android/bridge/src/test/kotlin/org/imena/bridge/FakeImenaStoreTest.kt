package org.imena.bridge

import kotlinx.coroutines.flow.first
import kotlinx.coroutines.test.runTest
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertTrue

class FakeImenaStoreTest {
    private val store = FakeImenaStore()

    @Test
    fun `#a locked fake shows nothing`() = runTest {
        store.lock()
        assertFailure<Failure.Locked> { store.sites() }
        assertFailure<Failure.WrongPasscode> { store.unlock("0") }
        store.unlock("123456")
        assertEquals(emptyList(), store.sites().items)
    }

    @Test
    fun `#one code stands for one record`() = runTest {
        val site = store.recordSite(NewSite("LYS1", "Forest edge"))
        val grave = store.recordGrave(NewGrave(site.id))
        assertFailure<Failure.Refused> { store.recordGrave(NewGrave(site.id, code = grave.code)) }
        assertEquals(Subject.OfGrave(grave.id), store.findCode(grave.code).subject)
    }

    @Test
    fun `#a collector is told to load first`() = runTest {
        assertTrue(store.changes.first().mustReload)
    }

    @Test
    fun `#the next call fails as it is told`() = runTest {
        store.nextFailure = Failure.StorageFull(neededBytes = 2, freeBytes = 1)
        assertFailure<Failure.StorageFull> { store.status() }
        assertEquals("T01", store.status().deviceName)
    }

    @Test
    fun `#pages follow each other`() = runTest {
        val site = store.recordSite(NewSite("LYS1", "Forest edge"))
        repeat(3) { store.recordGrave(NewGrave(site.id)) }
        val first = store.graves(site.id, PageQuery(limit = 2))
        val second = store.graves(site.id, PageQuery(limit = 2, after = first.next))
        assertEquals(2 to 1, first.items.size to second.items.size)
        assertEquals(null, second.next)
    }
}
