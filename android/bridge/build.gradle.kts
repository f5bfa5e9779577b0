// For Android Studio; ./dev test builds the same sources with Maven (pom.xml), and this file is not built there.
plugins {
    kotlin("jvm") version "2.4.20"
}

kotlin {
    jvmToolchain(17)
    sourceSets["main"].kotlin.srcDir("../../target/bindings/kotlin")
}

dependencies {
    implementation("org.jetbrains.kotlinx:kotlinx-coroutines-core-jvm:1.11.0")
    compileOnly("net.java.dev.jna:jna:5.19.1") // the app brings the .aar
}
