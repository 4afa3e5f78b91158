import de.bwaldvogel.mongo.MongoServer;
import de.bwaldvogel.mongo.MongoVersion;
import de.bwaldvogel.mongo.backend.h2.H2Backend;
import de.bwaldvogel.mongo.bson.Document;
import de.bwaldvogel.mongo.wire.message.MongoMessage;
import java.util.List;
import org.h2.mvstore.MVStore;

/** Serves MongoDB's wire protocol on a host and a port, from a file. */
class Main {
    /** Drivers talk to nobody who is older than MongoDB 4.4: this says it is 5.0. */
    static final MongoVersion VERSION = new MongoVersion() {
        public List<Integer> getVersionArray() {
            return List.of(5, 0, 0);
        }

        public int getWireVersion() {
            return 13;
        }
    };

    /** What is written is in the file before it is answered, one message after the other: whole. */
    static class Durable extends H2Backend {
        Durable(MVStore store) {
            super(store);
        }

        @Override
        public synchronized Document handleMessage(MongoMessage message) {
            Document answer = super.handleMessage(message);
            commit();
            return answer;
        }
    }

    public static void main(String[] args) throws Exception {
        MVStore store = new MVStore.Builder().fileName(args[2]).autoCommitDisabled().open();
        MongoServer server = new MongoServer(new Durable(store).version(VERSION));
        server.bind(args[0], Integer.parseInt(args[1]));
        System.out.println("ready");
        Runtime.getRuntime().addShutdownHook(new Thread(server::shutdownNow));
        Thread.currentThread().join();
    }
}
