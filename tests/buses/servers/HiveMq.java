import com.hivemq.embedded.EmbeddedHiveMQ;
import java.nio.file.Path;

/** Runs an embedded HiveMQ, which lets everyone in, until it is killed: FOLDER has its `conf`. */
public class HiveMq {
    public static void main(String[] arguments) throws InterruptedException {
        Path folder = Path.of(arguments[0]);
        EmbeddedHiveMQ.builder()
                .withConfigurationFolder(folder.resolve("conf"))
                .withDataFolder(folder.resolve("data"))
                .withExtensionsFolder(folder.resolve("extensions"))
                .build()
                .start()
                .join();
        Thread.currentThread().join();
    }
}
