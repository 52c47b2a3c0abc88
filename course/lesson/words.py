"""Every sentence the kit itself says. An edition in another language replaces this module and nothing else.

Fields in braces are filled with str.format. Marks stand first in a line, to be read at a glance.
"""

RIGHT, WRONG, TODO, ABOUT = "✓", "✗", "TODO", "≈"

# claims
OURS, CONTROL, PAPER = "ours", "control", "paper"
IN_BAND, AT_LEAST, AT_MOST, EQUAL_TO = "in [{low}, {high}]", "≥ {low}", "≤ {high}", "= {low}"
NOT_MEASURED = "{name} is not a finite number but {given}"
NO_BAND = "the band must be (low, high), one of them a number, low ≤ high: otherwise nothing could fail"
OUTSIDE = "outside the band"
CONTROL_INSIDE = "the control lies in the band too, so the effect is not shown"

# predictions
RECORD, RECORDED = "Record my prediction", "Recorded: {value}. The answer comes later in the lesson."
CHOOSE_FIRST = "Choose an answer first."
NUMBER_RANGE = "a number from {low} to {high}"
MEASURED = "measured {value}"
NO_PREDICTION = "no prediction recorded: to compare, answer the question above and run this cell again"
YOU_SAID = "you said {value}"
WELL_PREDICTED = "Right."
PREDICTED_OTHERWISE = "Not what you expected. The surprises are what one remembers."
CLOSE = "A factor {ratio} apart: close."
SAME_ORDER = "A factor {ratio} apart: the right order of magnitude."
FAR = "A factor {ratio} apart. Worth asking which assumption made the difference."
EXACT = "On the spot."
NO_RATIO = "No factor leads from one to the other. Worth asking why."

BAD_QUESTION = (
    "predict({id!r}) takes either choices=[...] or number=(low, high) with low < high, "
    "got choices={choices} and number={number}"
)
BAD_PREDICTION = "a prediction for {id} is one of the choices, as a text, or a finite number; this is {given}"

# figures
CAPTION = "Figure."
ALT_TOO_SHORT = (
    "alt must say what the figure shows, in at least {least} characters, got {given}: "
    "for example alt='Loss falls along a straight line as the model grows, on two logarithmic axes.'"
)
NOT_A_FIGURE = "show() needs a matplotlib Figure, got {given}"
FIGURE_SIZE = "{name} must be a number of inches above 0 and at most {most}, got {given}"
LECTURE_ON, LECTURE_OFF = "Lecture mode on: larger type, thicker lines.", "Lecture mode off."

# explorer
DRAW_FAILED = "These settings cannot be drawn ({error}). The picture is the last one that could."
BAD_SLIDER = (
    "slider {name!r} must be (low, high, step, initial) with low < high, step > 0 and low ≤ initial ≤ high, "
    "a list of options or a text, got {given}"
)
NOT_A_FUNCTION = "draw must be a function that returns a matplotlib Figure, got {given}"
NO_SLIDER = "Explorer has no slider {name!r}; it has {known}"

# exercises
START = "{mark} {id}: replace the ... with your answer (about {minutes} min). hint({id!r}) helps."
NO_EXERCISE = "{mark} {id}  There is no exercise with this name."
PASSED = "{mark} {id}  {praise} {remark}"
PRAISE = "Right."
PRAISE_OF = {"explain": "The key ideas are there. Compare:", "open": "Noted. What a good answer holds:"}
REFUSED = "{mark} {id}  {hint}"
HINT = "{id}  Hint {number} of {total}: {hint}"
SOLUTION = "{id}  {remark}"
EXERCISE = "**Exercise {id}** (about {minutes} min). {statement}"
NEEDS_NUMBER = "One number is expected; this is {given}."
NEEDS_SHAPE = "An array of shape {expected} is expected; this is {given}."
NEEDS_TEXT = "An answer in words is expected, in quotation marks; this is {given}."
NEEDS_LETTER = "One letter is expected, {letters}, in quotation marks; this is {given}."
NEEDS_FUNCTION = "The function itself is expected, without parentheses; this is {given}."
NOT_FINITE = "The answer is not finite (nan or inf)."
TOO_FEW_WORDS = "A few more words: at least {least}."
DIFFERENT = "For {arguments} the answer is {expected}; yours gives {given}."
RAISED = "Running it raised {error}."
TOO_SLOW = "It did not finish within {seconds} s. Is there a loop that never ends?"
SOME_ARRAY = "an array of shape {shape}"
SOME_TYPE = "a value of type {name}"
SOME_ERROR = "the error {error}"

# quizzes
QUIZ = "Quiz {id}  {question}"
OPTION = "  {letter}  {text}"
QUIZ_RIGHT = "{mark} {id}  {letter}: {explanation}"
NO_QUIZ = "{mark} {id}  There is no quiz with this name."
NO_OPTION = "{mark} {id}  Answer with one letter, {letters}."

# keeping the work
SAVE, SAVING, DOWNLOAD = "Save my work", "Packing ...", "Download {name}"
SAVE_BUTTON = "Save my work: in JupyterLab a button here packs your answers and changed notebooks into one file."
SAVE_FIRST = "First save this notebook, with Ctrl-S or Cmd-S: cells have run since it was saved. Then press again."

# sources
NO_SOURCE = "show_source() needs a function written in Python, got {given}"
BAD_SEED = "COURSE_SEED must be a whole number, got {given!r}"
