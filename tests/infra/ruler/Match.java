import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import software.amazon.event.ruler.Machine;

/** Reads lines {"pattern":{..},"event":{..}} and answers each with true, false or what is wrong with the pattern. */
public final class Match {
    public static void main(String[] arguments) throws Exception {
        ObjectMapper json = new ObjectMapper();
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            JsonNode question = json.readTree(line);
            System.out.println(answer(question.get("pattern").toString(), question.get("event").toString()));
        }
    }

    private static String answer(String pattern, String event) throws Exception {
        Machine machine = Machine.builder().build();
        try {
            machine.addRule("rule", pattern);
        } catch (Exception e) {
            return "error: " + e.getMessage().replace('\n', ' ');
        }
        return String.valueOf(!machine.rulesForJSONEvent(event).isEmpty());
    }
}
