import { render } from 'preact';
import './style.css';

const page = document.getElementById('page');
if (page) render(<h1>meshgate</h1>, page);
