"""The course: lessons as files that are read and never executed, played without a window, asked, answered and marked.

document   what a lesson is: frozen values
reading    from a text to a lesson, or a sentence that names file, place, value and remedy
shelf      where lessons lie: those of the lab, of a person, of a session
playing    a step as a run: before its solution, and after it
answers    questions: what is drawn for one student, what the lab computes, what a person typed
checking   every lesson plays as it says, or a sentence why not
progress   what one person has done: steps, tries, answers
marking    sessions handed in, as one table
writing    from a lesson to its text
"""
